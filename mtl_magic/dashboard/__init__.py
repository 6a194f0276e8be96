"""The dashboard: two widgets through which a person watches a training and steers it.

`Controls` is written by the person alone, `Charts` by the trainer alone: on ipykernel 7.4 a comm on which the kernel
has sent is answered behind the cell that trains. So the kernel sends nothing on the comm of `Controls` while it trains,
but in the answer to a message of it. A page may show the controls inside the charts' rows: `Charts.controls` says
which model they have; what is moved there travels on the comm of `Controls` all the same.

Page to kernel
    traits of `Controls`: `weights`, `locked`, `method`, `lr`. A reset is a weight that is set to its default.
    `{"do": "pause" | "resume" | "stop" | "checkpoint"}`, `{"do": "reset", "task": name}` on the comm of `Controls`;
    `{"do": "hello", "n": i}` too, a few times after it is shown, by which `Controls.heard` finds out whether it is live;
    `{"do": "hello", "view": id}` on that of `Charts`, repeated until a snapshot comes.
Kernel to page, on the comm of `Charts`
    `{"do": "rows", "frames": [{"kind", "label", "columns", "about"}, …], "status": {…}}`, a buffer a frame: rows of
    little-endian float32, whose first column is the step. At most five a second, all kinds in one message, for it is
    the message that costs. A row whose step is there already takes the other's place.
    `{"do": "snapshot", "view": id, …}`: the same, of all that is kept; what the page has is dropped.
    `Charts.history`: the same once more, thinner, when the training has ended; it is what a saved notebook holds.

A chart is two small files: `kinds/KIND.py` makes rows of an event, `labextension/widgets/charts/KIND.ts` draws them.
"""
