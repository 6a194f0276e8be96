"""Mistakes of how a cell is written (MTL00x, MTL01x)."""

SYNTAX = [
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
]
