"""What a page believes of a kernel that answers late."""

from __future__ import annotations

from labextension import page_code

SCRIPT = """
import { Checks } from './page.mjs';
const timers = [];
globalThis.setTimeout = call => timers.push(call);
const turn = async () => { for (let i = 0; i < 50; i++) await null; };
const comm = { sent: [], open() {}, send(message) { this.sent.push(message); } };
const kernel = { handleComms: true, status: 'busy', createComm: () => comm };
const cell = { model: { sharedModel: { getSource: () => '%%mtl' } } };
const panel = { sessionContext: { session: { kernel } }, content: { widgets: [cell] } };
const checks = new Checks({ find: () => panel });
const says = (n, message) => comm.onMsg({ content: { data: { id: comm.sent[n].id, ...message } } });
let changed = 0;
checks.changed.connect(() => changed++);
const of = async ask => {
  const before = comm.sent.length;
  const reply = ask();
  await turn();
  return { reply, sent: comm.sent.length - before };
};
const late = async (ask, message) => {
  const first = await of(ask);
  timers.splice(0).forEach(call => call());
  await first.reply;
  says(comm.sent.length - 1, message);
  const taken = await of(ask);
  const value = await taken.reply;
  const { reply, sent } = await of(ask);
  if (sent) says(comm.sent.length - 1, { ...message, runs: 'new', problems: [] });
  return [first.sent, taken.sent, value, sent, await reply];
};
answer([await late(() => checks.runsOf(panel), { runs: 'old' }),
        await late(() => checks.problems('%%mtl\\ntask a', cell.model), { problems: [] }), changed]);
"""


def test_a_late_answer_is_taken_once_where_it_may_change(tmp_path):
    """A text has the same problems however often it is asked; where runs are kept, a cell may change."""
    where, text, changed = page_code.answered(tmp_path, "kernel/checks.ts", SCRIPT)
    assert where[:2] == [1, 0]
    assert where[2]["runs"] == "old"
    assert where[3] == 1, "it is asked anew"
    assert where[4]["runs"] == "new"
    assert text == [1, 0, [], 0, []]
    assert changed == 2
