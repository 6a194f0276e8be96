"""A dashboard in a page without Jupyter: the real feed, the real bundles, a model that writes down what is sent."""

import base64
import math
import pathlib

from mtl_magic.dashboard.bundles import STATIC
from mtl_magic.dashboard.charts import Charts
from mtl_magic.dashboard.controls import Controls
from mtl_magic.dashboard.feed import Feed
from mtl_magic.train.events import Device, Evaluated, Gates, Gradients, Progress, Started, Steered

HARNESS = pathlib.Path(__file__).parent / "dashboard" / "harness.html"
SITE = "http://dashboard.test"


def packed(value):
    """JSON, its bytes as the harness takes them."""
    if isinstance(value, bytes):
        return {"base64": base64.b64encode(value).decode()}
    if isinstance(value, dict):
        return {k: packed(v) for k, v in value.items()}
    return [packed(v) for v in value] if isinstance(value, (list, tuple)) else value


def state_of(widget):
    state = {
        name: packed(value)
        for name, value in widget.get_state().items()
        if not name.startswith("_") and name != "layout"
    }
    if state.get("controls"):
        state["controls"] = "IPY_MODEL_controls"
    return state


def story(tasks, metrics, *, epochs=3, per_epoch=200, done=0.8, seed=0, gates=True, gpu=False, gradients=False):
    """The events of a training that looks like one, the same each time."""
    end = int(epochs * per_epoch * done)
    yield Started(tuple(tasks), metrics, 5, per_epoch, 1024, per_epoch * 1024)

    def noise(k, step):
        return 0.024 * (abs(math.sin(12.9898 * step + 78.233 * k + seed) * 43758.5453) % 1 - 0.5)

    def floor(k):
        return 0.78 + 0.035 * (k % 5)

    best = -1.0
    for step in range(4, end + 1, 4):
        losses = {
            t: floor(k) + (1 - floor(k)) * math.exp(-step / 90 / (1 + k % 3)) + noise(k, step)
            for k, t in enumerate(tasks)
        }
        weights = {
            t: 1 + (0.25 * (k % 4) - 0.3 + 0.05 * (k // 4)) * (1 - math.exp(-step / 200)) for k, t in enumerate(tasks)
        }
        if step > end // 2 and len(tasks) > 2:
            weights[tasks[2]] *= 2.5
        yield Progress(step, step / per_epoch, step / 80, 27_400.0, losses, weights)
        if gpu and step % 20 == 0:
            yield Device(
                step,
                step / 80,
                "GPU:0",
                int(2.1e9 + 4e8 * noise(0, step)),
                int(2.6e9),
                int(79.2e9),
                0.43 + noise(1, step),
            )
        if step == end // 2 // 4 * 4 and len(tasks) > 2:
            yield Steered(step, step / 80, "weight", tasks[2], 2.5)
        if gradients and step % 20 == 0:
            yield agreement(step, tasks, weights)
        if gates and step % 100 == 0:
            raw = [[0.02 if j == 4 else 1 + math.sin(3.1 * k + 1.7 * j) for j in range(8)] for k in range(len(tasks))]
            yield Gates(
                step,
                step / 80,
                "",
                tuple(tasks),
                tuple(f"e{j + 1}" for j in range(8)),
                tuple(tuple(v / sum(r) for v in r) for r in raw),
            )
        if step % (per_epoch // 5) == 0:  # five validations an epoch make a curve
            part = step / per_epoch
            value = {
                t: (0.74 if metrics[t] == "auc" else 0.93)
                + (0.07 if metrics[t] == "auc" else -0.05) * (1 - math.exp(-part * (1 + k % 3)))
                + noise(k, step) / 4
                + seed / 500
                for k, t in enumerate(tasks)
            }
            found = {t: {metrics[t]: value[t], "loss": losses[t] + 0.02 + 0.01 * part} for t in tasks}
            score = sum(v if metrics[t] == "auc" else -v for t, v in value.items())
            yield Evaluated(step, round(part), step / 80, losses, found, weights, 0.01, score > best or best == -1.0)
            best = max(best, score) if best != -1.0 else score


def agreement(step, tasks, weights):
    """Gradients of which the third and the fourth pull against each other, and the last task lacks one at times."""
    n, steps = len(tasks), 20

    def cosine(k, m):
        if k == m:
            return 1.0
        if {k, m} == {2, 3}:
            return -0.31
        return 0.36 + 0.4 * math.cos(2.1 * (k + m) + 1.7 * k * m) + 0.05 * math.sin(step / 90)

    cosines = tuple(tuple(cosine(k, m) for m in range(n)) for k in range(n))
    conflict = tuple(
        tuple(0.62 if {k, m} == {2, 3} else max(0.3 - c, 0.0) / 2 for m, c in enumerate(row))
        for k, row in enumerate(cosines)
    )
    had = [steps] * (n - 1) + [15]
    return Gradients(
        step,
        step / 80,
        tuple(tasks),
        cosines,
        tuple(0.9 / (1 + 0.3 * k) for k in range(n)),
        conflict,
        tuple(weights.values()),
        tuple(tuple(min(had[k], had[m]) for m in range(n)) for k in range(n)),
        tuple(steps - h for h in had),
        conflict,
    )


def serve(route):
    """Answers a page's requests from this tree; there is no network."""
    path = route.request.url.removeprefix(SITE).partition("?")[0]
    file = STATIC / path.removeprefix("/static/") if path.startswith("/static/") else HARNESS
    if path in ("/", "") or path.startswith("/static/"):
        route.fulfill(path=str(file))
    else:
        route.fulfill(status=204)


class Board:
    """A dashboard in a page, fed by the real feed.

    Args:
        ghost: the history of an earlier run.
        shown: False: `show` puts it into the page.
    """

    def __init__(self, page, tasks, metrics, *, ghost=None, name="feed", shown=True):
        self.page, self.messages, self.now = page, [], 0.0
        self.controls = Controls(tasks, lr=0.01, method="equal", methods=["equal", "static", "uncertainty"])
        self.charts = Charts(
            name,
            tasks,
            metrics,
            higher={t: m == "auc" for t, m in metrics.items()},
            constants=dict.fromkeys(tasks, 1.0),
            controls=self.controls,
            ghost=ghost,
            ghost_name="feed_equal",
        )
        self.feed = Feed(name, tasks, metrics, lambda m, b: self.messages.append((m, b)), clock=lambda: self.now)
        self.feed.say("controls live")
        if shown:
            self.show()
            self.deliver()

    @staticmethod
    def frames_of(events, tasks, metrics):
        """All messages of these events."""
        messages = []
        feed = Feed("again", tasks, metrics, lambda m, b: messages.append((m, b)))
        for event in events:
            feed(event)
        feed.flush()
        return messages

    def show(self, widget="charts"):
        if widget == "charts":
            self.page.evaluate("s => window.make('controls', s)", state_of(self.controls))
        self.page.evaluate("([w, s]) => window.show(w, s)", [widget, state_of(getattr(self, widget))])
        self._drawn()

    def hear(self, events):
        for event in events:
            self.now += 0.05
            self.feed(event)
        self.feed.flush()
        self.deliver()

    def deliver(self):
        for message, buffers in self.messages:
            self.page.evaluate(
                "([m, b]) => window.hear('charts', m, b)", [message, [base64.b64encode(x).decode() for x in buffers]]
            )
        self.messages.clear()
        self._drawn()

    def _drawn(self):
        self.page.evaluate("() => new Promise(r => requestAnimationFrame(() => requestAnimationFrame(r)))")

    def sent(self, model):
        return self.page.evaluate("name => window.models[name].sent.splice(0)", model)

    def done(self):
        """What a person has done with the buttons: a page says hello too, a few times after it is shown."""
        return [message for message in self.sent("controls") if message["do"] != "hello"]

    def saved(self, model="controls"):
        return self.page.evaluate("name => window.models[name].saved.splice(0)", model)


def opened(context, theme="light", width=920):
    """A page with the harness; what goes wrong in it is kept in `page.errors`."""
    page = context.new_page()
    page.set_default_timeout(15_000)
    page.errors = []
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    page.on("console", lambda said: page.errors.append(said.text) if said.type == "error" else None)
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(f"{SITE}/?theme={theme}")
    page.wait_for_function("window.ready")
    return page
