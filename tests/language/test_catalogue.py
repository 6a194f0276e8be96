"""The catalogue: for each code of the language a wrong cell, exactly what is said of it, and the cell put right."""

from __future__ import annotations

import re

import pytest

from mtl_magic.language import parse, resolve
from mtl_magic.language.codes import LANGUAGE, catalogue
from mtl_magic.problems import MtlError

# (code, wrong cell, what is said, right cell)
CASES = [
    (
        "MTL001",
        "task click binary",
        "MtlError MTL001, line 1: 'binary' cannot follow 'click': expected ':', ',', 'from', 'given', 'weight', 'allow' or the end of the line\n"
        "    task click binary\n"
        "               ^^^^^^\n"
        "the kind comes after a colon: 'click: binary'",
        "task click: binary",
    ),
    (
        "MTL001",
        "task click:",
        "MtlError MTL001, line 1: the statement ends after ':': expected a kind\n    task click:\n               ^",
        "task click: binary",
    ),
    (
        "MTL001",
        "task",
        "MtlError MTL001, line 1: the statement ends after 'task': expected a name\n    task\n        ^",
        "task click",
    ),
    (
        "MTL001",
        "task a.b: binary",
        "MtlError MTL001, line 1: '.' cannot follow 'a': expected ':', ',', 'from', 'given', 'weight', 'allow' or the end of the line\n"
        "    task a.b: binary\n"
        "         ^^^\n"
        "a name with other characters than letters, digits and _ is quoted: 'a.b'",
        "task 'a.b': binary",
    ),
    (
        "MTL001",
        "task my label: binary",
        "MtlError MTL001, line 1: 'label' cannot follow 'my': expected ':', ',', 'from', 'given', 'weight', 'allow' or the end of the line\n"
        "    task my label: binary\n"
        "            ^^^^^\n"
        "a name with spaces is quoted: 'my label'",
        "task 'my label': binary",
    ),
    (
        "MTL001",
        "task click: binary form trunk\nshare trunk = mlp",
        "MtlError MTL001, line 1: 'form' cannot follow 'binary': expected '(', 'from', 'given', 'weight', 'allow' or the end of the line\n"
        "    task click: binary form trunk\n"
        "                       ^^^^\n"
        "did you mean 'from'?",
        "task click: binary from trunk\nshare trunk = mlp",
    ),
    (
        "MTL001",
        "task click\ntrain epochs=5, batch=256",
        "MtlError MTL001, line 2: no ',' stands between the keys of train\n"
        "    train epochs=5, batch=256\n"
        "                  ^\n"
        "separate them by spaces, as in epochs=5 batch=256",
        "task click\ntrain epochs=5 batch=256",
    ),
    (
        "MTL001",
        "task click\ntrain batch=4*1024",
        "MtlError MTL001, line 2: '*' cannot follow '4': expected a name, ',', 'allow' or the end of the line\n"
        "    train batch=4*1024\n"
        "                 ^\n"
        "arithmetic is Python's and stands in braces: {4*1024}",
        "task click\ntrain batch={4*1024}",
    ),
    (
        "MTL001",
        "task click\nsplit time=day valid=2022-05-01",
        "MtlError MTL001, line 2: '-05' cannot follow '2022': expected a name, ',', 'allow' or the end of the line\n"
        "    split time=day valid=2022-05-01\n"
        "                         ^^^^^^^^^^\n"
        "a date is quoted: '2022-05-01'",
        "task click\nsplit time=day valid='2022-05-01'",
    ),
    (
        "MTL001",
        "task click\ntrain epochs: 5",
        "MtlError MTL001, line 2: ':' cannot follow 'epochs': expected '='\n"
        "    train epochs: 5\n"
        "                ^\n"
        "an option is given with '=', as in units=64",
        "task click\ntrain epochs=5",
    ),
    (
        "MTL001",
        "task click\nshare mlp(units: [64])",
        "MtlError MTL001, line 2: ':' cannot follow 'units': expected ',', '=', '(' or ')'\n"
        "    share mlp(units: [64])\n"
        "                   ^\n"
        "an option is given with '=', as in units=64",
        "task click\nshare mlp(units=[64])",
    ),
    (
        "MTL001",
        "task click = binary",
        "MtlError MTL001, line 1: '=' cannot follow 'click': expected ':', ',', 'from', 'given', 'weight', 'allow' or the end of the line\n"
        "    task click = binary\n"
        "               ^\n"
        "the kind comes after a colon, ':', not '='",
        "task click: binary",
    ),
    (
        "MTL001",
        "task click\nshare mlp(units=[64 32])",
        "MtlError MTL001, line 2: '32' cannot follow '64': expected ',' or ']'\n"
        "    share mlp(units=[64 32])\n"
        "                        ^^\n"
        "separate them with ','",
        "task click\nshare mlp(units=[64, 32])",
    ),
    (
        "MTL001",
        "task cl*: binary",
        "MtlError MTL001, line 1: '*' cannot follow 'cl': expected ':', ',', 'from', 'given', 'weight', 'allow' or the end of the line\n"
        "    task cl*: binary\n"
        "           ^\n"
        "a pattern stands only for features: after feature, ignore and from",
        "task click: binary",
    ),
    (
        "MTL002",
        "tsk click: binary",
        "MtlError MTL002, line 1: a line begins with 'tsk', which is no statement\n"
        "    tsk click: binary\n"
        "    ^^^\n"
        "did you mean 'task'? statements: feature, ignore, share, task, balance, split, train, tune",
        "task click: binary",
    ),
    (
        "MTL002",
        "task click: binary\n     weight 2",
        "MtlError MTL002, line 2: a line begins with 'weight', which belongs to the statement above\n"
        "    weight 2\n"
        "    ^^^^^^\n"
        "write it on the same line: only brackets continue a line",
        "task click: binary weight 2",
    ),
    (
        "MTL002",
        "click: binary",
        "MtlError MTL002, line 1: a line begins with 'click', which is no statement\n"
        "    click: binary\n"
        "    ^^^^^\n"
        "a task is declared with 'task click: binary', an input with 'feature'; statements: feature, ignore, share, task, balance, split, train, tune",
        "task click: binary",
    ),
    (
        "MTL002",
        "task click\nlr=0.1",
        "MtlError MTL002, line 2: a line begins with 'lr', which is no statement\n"
        "    lr=0.1\n"
        "    ^^\n"
        "training takes its options as 'train lr=…'; Python stands in a cell without %%mtl; statements: feature, ignore, share, task, balance, split, train, tune",
        "task click\ntrain lr=0.1",
    ),
    (
        "MTL002",
        "%%mtl feed\ntask click",
        "MtlError MTL002, line 1: a line that begins with '%' is no statement: a %%mtl line stands only at the top of its cell\n"
        "    %%mtl feed\n"
        "    ^\n"
        "statements: feature, ignore, share, task, balance, split, train, tune",
        "task click",
    ),
    (
        "MTL003",
        "share mlp(units=[64\ntask click",
        "MtlError MTL003, line 1: the bracket '[' is never closed: a new statement begins while it is open\n"
        "    share mlp(units=[64\n"
        "                    ^\n"
        "close it with ']'; 1 more bracket is open before it",
        "share mlp(units=[64])\ntask click",
    ),
    (
        "MTL003",
        "task click: binary(\n  tower=[64],",
        "MtlError MTL003, line 1: the bracket '(' is never closed: the cell ends while it is open\n"
        "    task click: binary(\n"
        "                      ^\n"
        "close it with ')'",
        "task click: binary(\n  tower=[64],\n)",
    ),
    (
        "MTL004",
        "task click: binary)",
        "MtlError MTL004, line 1: ')' closes nothing: no '(' is open\n    task click: binary)\n                      ^",
        "task click: binary",
    ),
    (
        "MTL004",
        "task click: binary(tower=[64)",
        "MtlError MTL004, line 1: ')' closes the bracket '[' that begins at column 26\n"
        "    task click: binary(tower=[64)\n"
        "                                ^\n"
        "'[' is closed by ']'",
        "task click: binary(tower=[64])",
    ),
    (
        "MTL005",
        "task 'my click: binary",
        "MtlError MTL005, line 1: the quote is never closed\n"
        "    task 'my click: binary\n"
        "         ^^^^^^^^^^^^^^^^^\n"
        "close it with ' on the same line",
        "task 'my click': binary",
    ),
    (
        "MTL006",
        "share {my_layer(\ntask click",
        "MtlError MTL006, line 1: the brace is never closed\n"
        "    share {my_layer(\n"
        "          ^\n"
        "close it with '}', and what is open inside before it",
        "share {my_layer()}\ntask click",
    ),
    (
        "MTL007",
        "task click： binary（tower=[64]）",
        "MtlError MTL007, line 1: '：' is not the character that the language uses\n"
        "    task click： binary（tower=[64]）\n"
        "              ^^\n"
        "write ':'",
        "task click: binary(tower=[64])",
    ),
    (
        "MTL008",
        "task click\ntune time=30m",
        "MtlError MTL008, line 2: '30m' is neither a number nor a name\n"
        "    tune time=30m\n"
        "              ^^^\n"
        "a text or name like this is quoted: '30m'",
        "task click\ntune time='30m'",
    ),
    (
        "MTL008",
        "task click weight 1e999",
        "MtlError MTL008, line 1: the number 1e999 is too large\n"
        "    task click weight 1e999\n"
        "                      ^^^^^",
        "task click weight 1e9",
    ),
    (
        "MTL009",
        "share {lambda x: x y}\ntask click",
        "MtlError MTL009, line 1: what stands in braces is not a Python expression: invalid syntax. Perhaps you forgot a comma?\n"
        "    share {lambda x: x y}\n"
        "                     ^",
        "share {lambda x: x}\ntask click",
    ),
    (
        "MTL009",
        "share {}\ntask click",
        "MtlError MTL009, line 1: nothing stands in the braces\n"
        "    share {}\n"
        "          ^^\n"
        "an expression stands there: {my_layer}",
        "share {layer}\ntask click",
    ),
    (
        "MTL009",
        "share cross(1, of={'a': 3})\ntask a",
        "MtlError MTL009, line 1: what stands in braces is not a Python expression: invalid syntax\n"
        "    share cross(1, of={'a': 3})\n"
        "                          ^\n"
        "a dict has braces of its own: {{'a': 1}}, or write a value for each name: [a=1]",
        "share cross(1, of=[a=3])\ntask a",
    ),
    (
        "MTL010",
        "task click: binary(tower=[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]])",
        "MtlError MTL010, line 1: brackets are nested more than 20 deep\n"
        "    task click: binary(tower=[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]])\n"
        "                                                ^",
        "task click: binary(tower=[1])",
    ),
    (
        "MTL011",
        "task click weight 2 weight 3",
        "MtlError MTL011, line 1: 'weight' is said twice\n"
        "    task click weight 2 weight 3\n"
        "                        ^^^^^^\n"
        "leave one of them out",
        "task click weight 2",
    ),
    (
        "MTL011",
        "share a = mlp\nshare b = mlp\ntask click from a from b",
        "MtlError MTL011, line 3: 'from' is said twice\n"
        "    task click from a from b\n"
        "                      ^^^^\n"
        "name all of them in one: 'from a, b'",
        "share a = mlp\nshare b = mlp\ntask click from a, b",
    ),
    (
        "MTL012",
        "task cl\u200bick",
        "MtlError MTL012, line 1: the invisible character U+200B (ZERO WIDTH SPACE) has no meaning outside quotes\n"
        "    task cl�ick\n"
        "           ^\n"
        "delete it, or quote the name that it is part of",
        "task click",
    ),
    (
        "MTL012",
        "task click£",
        "MtlError MTL012, line 1: '£' U+00A3 (POUND SIGN) has no meaning outside quotes\n"
        "    task click£\n"
        "              ^\n"
        "delete it, or quote the name that it is part of",
        "task 'click£'",
    ),
    (
        "MTL013",
        "task click weight choose()\ntune trials=3",
        "MtlError MTL013, line 1: choose takes the values to choose from\n"
        "    task click weight choose()\n"
        "                      ^^^^^^^^\n"
        "as in choose(4, 8, 16)",
        "task click weight choose(1, 2)\ntune trials=3",
    ),
    (
        "MTL013",
        "task click\ntrain lr=range(1e-2, 1e-4, log)\ntune trials=3",
        "MtlError MTL013, line 2: the range's ends are 0.01 and 0.0001: the lower comes first\n"
        "    train lr=range(1e-2, 1e-4, log)\n"
        "             ^^^^^^^^^^^^^^^^^^^^^^\n"
        "as in range(1e-4, 1e-2, log)",
        "task click\ntrain lr=range(1e-4, 1e-2, log)\ntune trials=3",
    ),
    (
        "MTL013",
        "task click\ntrain lr=range(0, 0.1, log)\ntune trials=3",
        "MtlError MTL013, line 2: a range on a log scale lies above 0, and this one begins at 0\n"
        "    train lr=range(0, 0.1, log)\n"
        "             ^^^^^^^^^^^^^^^^^^\n"
        "as in range(1e-4, 1e-2, log)",
        "task click\ntrain lr=range(1e-4, 0.1, log)\ntune trials=3",
    ),
    (
        "MTL014",
        "ignore click",
        "MtlError MTL014, line 1: the cell declares no task: nothing would be predicted\n"
        "    ignore click\n"
        "    ^^^^^^^^^^^^\n"
        "the smallest cell is one line: 'task click: binary'",
        "task click",
    ),
    (
        "MTL014",
        "",
        "MtlError MTL014, line 1: the cell declares no task: nothing would be predicted\n"
        "the smallest cell is one line: 'task click: binary'",
        "task click",
    ),
    (
        "MTL020",
        "feature user_id: catgory(dim=16)\ntask click",
        "MtlError MTL020, line 1: 'catgory' is no feature kind\n"
        "    feature user_id: catgory(dim=16)\n"
        "                     ^^^^^^^\n"
        "did you mean 'category'? feature kinds: auto, bucket, category, number, sequence, tags, vector",
        "feature user_id: category(dim=16)\ntask click",
    ),
    (
        "MTL020",
        "task click: mmoe",
        "MtlError MTL020, line 1: 'mmoe' is no task kind\n"
        "    task click: mmoe\n"
        "                ^^^^\n"
        "'mmoe' is a block; task kinds: binary, multiclass, regression",
        "task click: binary",
    ),
    (
        "MTL020",
        "task click: binary(loss=focall)",
        "MtlError MTL020, line 1: 'focall' is no loss\n"
        "    task click: binary(loss=focall)\n"
        "                            ^^^^^^\n"
        "did you mean 'focal'? losses: bce, focal, huber, pairwise",
        "task click: binary(loss=focal)",
    ),
    (
        "MTL020",
        "task click\ntrain early_stop=click.aux",
        "MtlError MTL020, line 2: 'aux' is no metric\n"
        "    train early_stop=click.aux\n"
        "                     ^^^^^^^^^\n"
        "did you mean 'auc'? metrics: auc, gauc, logloss, rmse",
        "task click\ntrain early_stop=click.auc",
    ),
    (
        "MTL021",
        "share trunk = mlp\nshare commerce = mlp from trunk\ntask buy from comerce",
        "MtlError MTL021, line 3: task 'buy' comes from 'comerce', which no share statement declares\n"
        "    task buy from comerce\n"
        "                  ^^^^^^^\n"
        "did you mean 'commerce'? declared here: trunk, commerce",
        "share trunk = mlp\nshare commerce = mlp from trunk\ntask buy from commerce",
    ),
    (
        "MTL021",
        "feature age: number\ntask buy from price",
        "MtlError MTL021, line 2: task 'buy' comes from 'price', which no share statement declares and no feature line names\n"
        "    task buy from price\n"
        "                  ^^^^^\n"
        "features here: age",
        "feature age, price: number\ntask buy from price",
    ),
    (
        "MTL021",
        "feature age: number\nshare tower = mlp from user_*\ntask buy",
        "MtlError MTL021, line 2: block 'tower' comes from 'user_*', which matches no feature\n"
        "    share tower = mlp from user_*\n"
        "                           ^^^^^^\n"
        "features here: age",
        "feature age, user_id\nshare tower = mlp from user_*\ntask buy",
    ),
    (
        "MTL021",
        "task click\ntask buy from click",
        "MtlError MTL021, line 2: task 'buy' comes from 'click', which is a task and no block\n"
        "    task buy from click\n"
        "                  ^^^^^\n"
        "a task that depends on another says 'given click'",
        "task click\ntask buy given click",
    ),
    (
        "MTL021",
        "ignore day\ntask buy from day",
        "MtlError MTL021, line 2: task 'buy' comes from 'day', which is ignored and so no feature\n"
        "    task buy from day\n"
        "                  ^^^",
        "task buy from day",
    ),
    (
        "MTL022",
        "task click: binary\ntask like, click",
        "MtlError MTL022, line 2: task 'click' is declared twice\n"
        "    task like, click\n"
        "               ^^^^^\n"
        "two heads on one column are two names with 'label='; first declared in line 1",
        "task click: binary\ntask like",
    ),
    (
        "MTL023",
        "share a = mlp\nshare a = mmoe\ntask click",
        "MtlError MTL023, line 2: block 'a' is declared twice\n"
        "    share a = mmoe\n"
        "          ^\n"
        "first declared in line 1",
        "share a = mlp\nshare b = mmoe from a\ntask click",
    ),
    (
        "MTL023",
        "share mlp\nshare mmoe\ntask click",
        "MtlError MTL023, line 2: a second block without a name: at most one has none\n"
        "    share mmoe\n"
        "    ^^^^^^^^^^\n"
        "name them, as in 'share trunk = mlp(units=[64])'; the first is in line 1",
        "share mlp\ntask click",
    ),
    (
        "MTL024",
        "feature age: number\nfeature age, price\ntask click",
        "MtlError MTL024, line 2: feature 'age' is declared twice\n"
        "    feature age, price\n"
        "            ^^^\n"
        "one column can be two features with 'column='; first declared in line 1",
        "feature age: number\nfeature price\ntask click",
    ),
    (
        "MTL024",
        "feature age\nignore age\ntask click",
        "MtlError MTL024, line 1: feature 'age' is ignored as well\n"
        "    feature age\n"
        "            ^^^\n"
        "leave one of the two out; ignored in line 2",
        "feature age\ntask click",
    ),
    (
        "MTL025",
        "share inputs = mlp\ntask click",
        "MtlError MTL025, line 1: a block cannot be called 'inputs': that is a source of its own\n"
        "    share inputs = mlp\n"
        "          ^^^^^^\n"
        "choose another name",
        "share trunk = mlp\ntask click",
    ),
    (
        "MTL025",
        "task '': binary",
        "MtlError MTL025, line 1: a name is empty\n"
        "    task '': binary\n"
        "         ^^\n"
        "write it between the quotes: 'name'",
        "task 'a': binary",
    ),
    (
        "MTL026",
        "share a = mlp from b\nshare b = mlp from a\ntask click from a",
        "MtlError MTL026, line 1: blocks draw from each other in a circle: 'a' from 'b' from 'a'\n"
        "    share a = mlp from b\n"
        "          ^\n"
        "leave one 'from' out",
        "share a = mlp from b\nshare b = mlp\ntask click from a",
    ),
    (
        "MTL026",
        "share a = mlp from a\ntask click from a",
        "MtlError MTL026, line 1: blocks draw from each other in a circle: 'a' from 'a'\n"
        "    share a = mlp from a\n"
        "          ^\n"
        "leave one 'from' out",
        "share a = mlp\ntask click from a",
    ),
    (
        "MTL027",
        "share a = mlp\nshare b = mlp\ntask click from a",
        "MtlError MTL027, line 2: nothing draws from block 'b'\n"
        "    share b = mlp\n"
        "          ^\n"
        "write 'from b' in a task or share line, or leave it out",
        "share a = mlp\nshare b = mlp\ntask click from a, b",
    ),
    (
        "MTL027",
        "share mmoe\ntask click from inputs",
        "MtlError MTL027, line 1: nothing draws from the unnamed block mmoe\n"
        "    share mmoe\n"
        "    ^^^^^^^^^^\n"
        "every task says where else it comes from: leave a 'from' out, or the block",
        "share mmoe\ntask click",
    ),
    (
        "MTL028",
        "share a = mlp\nshare b = mlp\ntask click, like",
        "MtlError MTL028, line 3: tasks 'click', 'like' could come from several blocks: a, b\n"
        "    task click, like\n"
        "         ^^^^^\n"
        "say which, as in 'from a'",
        "share a = mlp\nshare b = mlp\ntask click from a\ntask like from b",
    ),
    (
        "MTL029",
        "task click\ntask buy given clik",
        "MtlError MTL029, line 2: task 'buy' is given 'clik', which no task statement declares\n"
        "    task buy given clik\n"
        "                   ^^^^\n"
        "did you mean 'click'? tasks here: click",
        "task click\ntask buy given click",
    ),
    (
        "MTL029",
        "task buy given buy",
        "MtlError MTL029, line 1: task 'buy' is given itself\n"
        "    task buy given buy\n"
        "                   ^^^\n"
        "name another task",
        "task buy",
    ),
    (
        "MTL029",
        "task click\ntask buy given click given click via esmm",
        "MtlError MTL029, line 2: task 'buy' is given 'click' twice\n"
        "    task buy given click given click via esmm\n"
        "                               ^^^^^\n"
        "leave one of them out",
        "task click\ntask buy given click via esmm",
    ),
    (
        "MTL030",
        "task a given b\ntask b given a",
        "MtlError MTL030, line 1: tasks depend on each other in a circle: 'a' given 'b' given 'a'\n"
        "    task a given b\n"
        "         ^\n"
        "leave one 'given' out",
        "task a\ntask b given a",
    ),
    (
        "MTL031",
        "task click: binary\ntask price: regression given click via esmm",
        "MtlError MTL031, line 2: 'esmm' does not fit between the regression task 'price' and the binary task 'click'\n"
        "    task price: regression given click via esmm\n"
        "                                           ^^^^\n"
        "these fit: aitm, observed",
        "task click: binary\ntask price: regression given click via observed",
    ),
    (
        "MTL031",
        "task price: regression\ntask click: binary given price",
        "MtlError MTL031, line 2: 'observed' does not fit between the binary task 'click' and the regression task 'price'\n"
        "    task click: binary given price\n"
        "                             ^^^^^\n"
        "no dependency fits these two kinds",
        "task price: regression\ntask click: binary",
    ),
    (
        "MTL032",
        "feature user\nshare user = mlp from inputs\ntask click from user",
        "MtlError MTL032, line 3: 'user' is the name of a block and of a feature: task 'click' could come from either\n"
        "    task click from user\n"
        "                    ^^^^\n"
        "rename the block",
        "feature user\nshare user_tower = mlp\ntask click from user_tower",
    ),
    (
        "MTL033",
        "task click, like: binary(label=y)",
        "MtlError MTL033, line 1: 'label' names one column, and this line declares 2 tasks\n"
        "    task click, like: binary(label=y)\n"
        "                             ^^^^^^^\n"
        "write one line for each task",
        "task click: binary(label=y)\ntask like",
    ),
    (
        "MTL033",
        "feature a_*: number(column=b)\ntask click",
        "MtlError MTL033, line 1: 'column' names one column, and 'a_*' may match several\n"
        "    feature a_*: number(column=b)\n"
        "                        ^^^^^^^^\n"
        "write one line for each feature",
        "feature a: number(column=b)\ntask click",
    ),
    (
        "MTL034",
        "share trunk = mlp\ntask click from none, trunk",
        "MtlError MTL034, line 2: task 'click' shares nothing ('none') and yet names other sources\n"
        "    task click from none, trunk\n"
        "                    ^^^^\n"
        "leave 'none' out, or the other sources",
        "share trunk = mlp\ntask click from trunk",
    ),
    (
        "MTL034",
        "share trunk = mlp from none\ntask click",
        "MtlError MTL034, line 1: block 'trunk' comes from 'none', and would have nothing to work on\n"
        "    share trunk = mlp from none\n"
        "                           ^^^^\n"
        "leave the 'from' out: then it draws from all features",
        "share trunk = mlp\ntask click",
    ),
    (
        "MTL040",
        "share mmoe(expert=8)\ntask click",
        "MtlError MTL040, line 1: mmoe has no option 'expert'\n"
        "    share mmoe(expert=8)\n"
        "               ^^^^^^\n"
        "did you mean 'experts'? options of mmoe: experts, units, top",
        "share mmoe(experts=8)\ntask click",
    ),
    (
        "MTL040",
        "balance equal(alpha=1)\ntask click",
        "MtlError MTL040, line 1: equal has no option 'alpha'\n"
        "    balance equal(alpha=1)\n"
        "                  ^^^^^\n"
        "equal has no options",
        "balance equal\ntask click",
    ),
    (
        "MTL040",
        "task click\ntrain epoch=3",
        "MtlError MTL040, line 2: train has no option 'epoch'\n"
        "    train epoch=3\n"
        "          ^^^^^\n"
        "did you mean 'epochs'? options of train: epochs, batch, lr, optimizer, precision, early_stop, mix",
        "task click\ntrain epochs=3",
    ),
    (
        "MTL041",
        "share mmoe(experts=many)\ntask click",
        "MtlError MTL041, line 1: 'experts' of mmoe is a whole number of at least 1, not 'many'\n"
        "    share mmoe(experts=many)\n"
        "                       ^^^^",
        "share mmoe(experts=8)\ntask click",
    ),
    (
        "MTL041",
        "share mlp(units=[64, 0])\ntask click",
        "MtlError MTL041, line 1: each item of 'units' of mlp is a whole number of at least 1, not 0\n"
        "    share mlp(units=[64, 0])\n"
        "                         ^",
        "share mlp(units=[64, 1])\ntask click",
    ),
    (
        "MTL041",
        "feature age: number(scale=lgo)\ntask click",
        "MtlError MTL041, line 1: 'scale' of number is one of standard, log, quantile, none, not 'lgo'\n"
        "    feature age: number(scale=lgo)\n"
        "                              ^^^\n"
        "did you mean 'log'?",
        "feature age: number(scale=log)\ntask click",
    ),
    (
        "MTL041",
        "task click weight -1",
        "MtlError MTL041, line 1: the weight of a task is a number of at least 0, not -1\n"
        "    task click weight -1\n"
        "                      ^^",
        "task click weight 1",
    ),
    (
        "MTL041",
        "task click: binary(loss=3)",
        "MtlError MTL041, line 1: 'loss' of binary is a loss, or a list of which each item is a loss, or none, not 3\n"
        "    task click: binary(loss=3)\n"
        "                            ^\n"
        "losses: bce, focal, huber, pairwise",
        "task click: binary(loss=bce)",
    ),
    (
        "MTL041",
        "task click\ntrain early_stop=auc",
        "MtlError MTL041, line 2: 'early_stop' of train is a metric of a task, as in click.auc, not auc\n"
        "    train early_stop=auc\n"
        "                     ^^^\n"
        "write 'click.auc'",
        "task click\ntrain early_stop=click.auc",
    ),
    (
        "MTL041",
        "share ple(own=[buy=4, 2])\ntask buy",
        "MtlError MTL041, line 1: a list has a name for each value, or for none\n"
        "    share ple(own=[buy=4, 2])\n"
        "                          ^\n"
        "as in [buy=4, price=2]",
        "share ple(own=[buy=4])\ntask buy",
    ),
    (
        "MTL042",
        "task digit: multiclass",
        "MtlError MTL042, line 1: multiclass needs 'n'\n"
        "    task digit: multiclass\n"
        "                ^^^^^^^^^^\n"
        "n is a whole number of at least 2",
        "task digit: multiclass(10)",
    ),
    (
        "MTL043",
        "task digit: multiclass(10, y, bce, 4)",
        "MtlError MTL043, line 1: multiclass is given too many options: it takes 3: n, label, loss\n"
        "    task digit: multiclass(10, y, bce, 4)\n"
        "                                       ^",
        "task digit: multiclass(10, y, bce)",
    ),
    (
        "MTL044",
        "task click\ntrain lr=0.1\ntrain lr=0.2",
        "MtlError MTL044, line 3: 'lr' of train is given twice\n"
        "    train lr=0.2\n"
        "          ^^^^^^\n"
        "first given in line 2",
        "task click\ntrain lr=0.1\ntrain epochs=2",
    ),
    (
        "MTL044",
        "share mlp(units=[64], units=[32])\ntask click",
        "MtlError MTL044, line 1: 'units' of mlp is given twice\n"
        "    share mlp(units=[64], units=[32])\n"
        "                          ^^^^^^^^^^",
        "share mlp(units=[64])\ntask click",
    ),
    (
        "MTL044",
        "share ple(own=[buy=4, buy=2])\ntask buy",
        "MtlError MTL044, line 1: 'buy' is given twice in 'own' of ple\n"
        "    share ple(own=[buy=4, buy=2])\n"
        "                          ^^^^^",
        "share ple(own=[buy=4])\ntask buy",
    ),
    (
        "MTL044",
        "share a = mlp\ntask click from a, a",
        "MtlError MTL044, line 2: task 'click' names the source 'a' twice\n"
        "    task click from a, a\n"
        "                       ^\n"
        "leave one of them out",
        "share a = mlp\ntask click from a",
    ),
    (
        "MTL045",
        "share mmoe(experts=2, top=4)\ntask click",
        "MtlError MTL045, line 1: top 4 of 2 experts: there are not so many\n"
        "    share mmoe(experts=2, top=4)\n"
        "          ^^^^^^^^^^^^^^^^^^^^^^",
        "share mmoe(experts=4, top=2)\ntask click",
    ),
    (
        "MTL046",
        "share mmoe(experts=choose(4, 8))\ntask click",
        "MtlError MTL046, line 1: a search space stands here, and no tune line says how it is searched\n"
        "    share mmoe(experts=choose(4, 8))\n"
        "                       ^^^^^^^^^^^^\n"
        "add a line: 'tune trials=20'",
        "share mmoe(experts=choose(4, 8))\ntask click\ntune trials=20",
    ),
    (
        "MTL047",
        "balance equal\nbalance famo\ntask click",
        "MtlError MTL047, line 2: a second balance line: one method balances the tasks\n"
        "    balance famo\n"
        "    ^^^^^^^^^^^^\n"
        "the first is in line 1",
        "balance famo\ntask click",
    ),
    (
        "MTL048",
        "task click\nsplit stratify=clik",
        "MtlError MTL048, line 2: 'stratify' of split names the task 'clik', which no task statement declares\n"
        "    split stratify=clik\n"
        "                   ^^^^\n"
        "did you mean 'click'? tasks here: click",
        "task click\nsplit stratify=click",
    ),
    (
        "MTL048",
        "feature item_id: category\nfeature history: sequence(of=item)\ntask click",
        "MtlError MTL048, line 2: 'of' of sequence names the feature 'item', which no feature statement declares\n"
        "    feature history: sequence(of=item)\n"
        "                                 ^^^^\n"
        "did you mean 'item_id'? features here: item_id, history",
        "feature item_id: category\nfeature history: sequence(of=item_id)\ntask click",
    ),
    (
        "MTL048",
        "task click\ntrain early_stop=clik.auc",
        "MtlError MTL048, line 2: 'early_stop' of train names the task 'clik', which no task statement declares\n"
        "    train early_stop=clik.auc\n"
        "                     ^^^^^^^^\n"
        "did you mean 'click'? tasks here: click",
        "task click\ntrain early_stop=click.auc",
    ),
    (
        "MTL050",
        "task click: {Binary()}",
        "MtlError MTL050, line 1: Python in braces cannot stand here, where a word says the kind\n"
        "    task click: {Binary()}\n"
        "                ^^^^^^^^^^\n"
        "Python may stand for a block, a balancing method or any option",
        "task click: binary",
    ),
    (
        "MTL052",
        "task click allow MTL021",
        "MtlError MTL052, line 1: 'MTL021' is a mistake and no warning\n"
        "    task click allow MTL021\n"
        "                     ^^^^^^",
        "task click allow MTL104",
    ),
]


@pytest.mark.parametrize(("code", "wrong", "said", "right"), CASES, ids=[f"{c[0]}-{i}" for i, c in enumerate(CASES)])
def test_mistake_is_said_and_its_correction_passes(words, code, wrong, said, right):
    with pytest.raises(MtlError) as caught:
        parse(wrong, words)
    assert str(caught.value) == said
    assert {p.code for p in caught.value.problems} == {code}
    spec = parse(right, words)
    assert parse(str(spec), words) == spec


def test_python_that_fails_is_said(words):
    spec = parse("task click\ntrain lr={1 / zero}", words)
    with pytest.raises(MtlError) as caught:
        resolve(spec, words, {"zero": 0})
    assert str(caught.value) == (
        "MtlError MTL051, line 2: the Python in braces raised ZeroDivisionError: division by zero\n"
        "    train lr={1 / zero}\n"
        "             ^^^^^^^^^^"
    )
    assert resolve(spec, words, {"zero": 4}).train.lr == 0.25


def test_every_code_of_the_language_has_a_case():
    assert {c[0] for c in CASES} | {"MTL051"} == set(LANGUAGE)


def test_codes_are_documented_and_in_their_section():
    for code, entry in catalogue().items():
        assert re.fullmatch(r"MTL[0-4]\d\d", code)
        assert entry.title
        assert 1 <= entry.doc.count(". ") + 1 <= 4
        assert entry.doc.endswith(".")
    assert all(code.startswith("MTL0") for code in LANGUAGE)
