"""What the reference page says beside the words: how to begin, the six rules, cells to start from, the magic."""

OPENING = """
# Reference

<!-- Made by `make reference` from the registry: change the words there, not here. -->

Everything that this version understands. In a notebook, `%mtl help` lists the words and `%mtl help mmoe` says what one
does; Tab completes statements, words, options, columns and flags.

A cell begins with a `%%mtl` line that names the run and the table; below it, each line declares one thing:

```
%load_ext mtl_magic
```

```
%%mtl feed --data log
ignore like, buy
task   click: binary
```

This trains on the table `log`: every column that is no label and is not ignored becomes a feature of the kind that its
values fit, the label is the column `click`, a tenth of the rows validates, and the finished run is the variable `feed`,
which shows its metrics and predicts (see [The run](#the-run)).

## Six rules

1. **One statement a line; its first word says what it declares.** Brackets continue a line, `#` starts a comment, a cell
   may be indented as a whole. Order does not matter: a name may be used above the line that declares it. `feature`,
   `ignore`, `share` and `task` lines add up; the keys of `split` and `train` lines too, each given once; there is one
   `balance` line at most.
2. **Everything has a default.** The smallest cell is one `task` line. It takes every other column for a feature, what
   happened after the click too: **ignore what is not known when the model predicts**, or it learns to read the answer.
   Warning MTL104 says where it surely does, and its silence proves nothing.
3. **The field's own words.** What has a name in the literature has that name here.
4. **`{…}` is Python.** It may stand wherever a value may, and for a block, loss or optimizer of your own. It is
   evaluated once, when the cell runs, and cannot change how the cell is read.
5. **Names are the data's own.** Letters, marks, digits and `_` of any script, no digit first, are written as they are;
   any other name is quoted: `'watch time'`, `"a.b"`. Words of the language may be names as well.
6. **Text is the source of truth.** The same cell means the same run; `%%mtl --format` writes a cell in its one canonical
   form and keeps your comments.

All mistakes of a cell's text are shown at once, each with its place, before anything is trained; those that only the
data shows (a column that is not there) come next, again all at once.

## Cells to start from

Several heads of different kinds over one shared bottom; the other labels are ignored, as the model would not know them
when it predicts:

```
%%mtl feed --data log
ignore is_follow, is_comment
task   is_click, is_like: binary
task   play_time_ms: regression weight 0.5   # its loss counts half
train  epochs=5 batch=1024
```

Features of chosen kinds, multi-gate mixture of experts, later rows validate:

```
%%mtl feed --data log
feature user_id, video_id: category(dim=16)
feature duration_ms:       number(scale=log)
feature tag:               tags
split   time=time_ms valid=0.1 test=0.1
share   mmoe(experts=4, units=[128, 64])
task    is_click: binary
task    long_view: binary(tower=[64, 32])
balance uncertainty
```

One feature line closes the list of features; `feature *: auto` would add the rest.

A head that depends on another: P(buy) = P(click) · P(buy | click), learnt on all rows:

```
%%mtl shop --data log
task click: binary
task buy:   binary given click via esmm
task price: regression given buy       # learns where buy is 1
```

A tree of shared blocks; each task says what it draws from:

```
%%mtl tree --data train --valid valid
share trunk    = mlp(units=[256])
share social   = mmoe(experts=4)      from trunk
share commerce = mlp(units=[64])      from trunk
task  like, follow: binary            from social
task  buy:          binary            from commerce
task  price:        regression        from commerce, social
task  spam:         binary            from inputs   # shares embeddings, no layer
task  bot:          binary            from none     # shares nothing
```

Whole users validate and test; a label of another name, a task's name in quotes, a warning that is expected, one metric
that ends the training:

```
%%mtl byuser --data log
ignore user_id, is_like, is_comment, is_profile_enter, play_time_ms   # no user of the validation part trains
split  group=user_id valid=0.1 test=0.1
task   clicked:        binary(label=is_click, metrics=[auc, gauc(user_id)])
task   'long view':    binary(label=long_view, metrics=[auc, logloss])
task   'new follower': binary(label=is_follow) weight 0.5 allow MTL103
train  early_stop='long view'.auc
```

A rare label, with its share alike in both parts:

```
%%mtl rare --data log
ignore  is_click, long_view, is_like, is_comment, is_profile_enter, play_time_ms
feature user_*, video_id: category(dim=16)
feature *:                auto             # the rest, save what is ignored
split   stratify=is_follow valid=0.2 seed=1
task    is_follow: binary(loss=focal(gamma=2))
train   batch=4096 early_stop=5
```

Something of your own, defined in another cell:

```
%%mtl mine --data log[log.day < 20] --valid log[log.day >= 20]
share {my_layer}
task  click: binary(loss={my_loss}, metrics=[auc, logloss])
train optimizer={my_optimizer} early_stop=click.auc
```
"""

CLOSING = """
## The magic

```
%%mtl [NAME] [--data EXPR]… [--valid EXPR] [--test EXPR] [--explain] [--format] [--quiet]
```

NAME is the variable that will hold the finished run; it replaces another run, and never anything else. Without it the
run is the cell's value, and `_mtl`. EXPR is Python up to the next ` --`: a DataFrame (pandas, polars, pyarrow), a dict of
arrays, or a quoted path or glob of Parquet or CSV files. With several `--data`, each table teaches the tasks whose labels
it has.

`%%mtl --format` trains nothing: the cell is replaced by itself, rewritten canonically, comments kept; in a terminal it
becomes the next input. A cell with mistakes is not rewritten, and the mistakes are shown. `%mtl format` does it for the
last `%%mtl` cell that was run, `%mtl format feed` for the last of that name.
"""

SILENCED = """
A code never changes its meaning. `%mtl help MTL021` says what one means. Mistakes stop the cell; warnings stand above
its training, and `allow CODE, …` at the end of the statement silences them.
"""

RUN = """
## The run

The variable that a cell is named after. In a notebook it shows validation and test metrics and the curves;
`print(feed)` does so in text. Validation and test metrics are in `feed.metrics`, predictions come from `feed.predict(rows)`,
`feed.save("runs/feed")` writes a folder that `mtl_magic.load("runs/feed")` reads.
"""

FUNCTIONS = """
Without a notebook, with the same words:
"""

LATER = """
## Not in this version

{kept}Functions of your own as metrics, feature kinds or
dependencies cannot stand in braces. There is no weight for positives alone and no transform of labels.
"""
