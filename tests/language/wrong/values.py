"""Mistakes of what its values are (MTL04x, MTL05x)."""

VALUES = [
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
    (
        "MTL053",
        "task click\ntrain lr=range(1e-4, 1e-2, log)\nsplit valid=choose(0.1, 0.2)\ntune trials=20",
        "MtlError MTL053, line 3: 'split' is the same in all trials\n"
        "    split valid=choose(0.1, 0.2)\n"
        "                ^^^^^^^^^^^^^^^^\n"
        "write one value",
        "task click\ntrain lr=range(1e-4, 1e-2, log)\nsplit valid=0.1\ntune trials=20",
    ),
    (
        "MTL053",
        "task click: binary(label=choose(a, b))\ntune trials=20",
        "MtlError MTL053, line 1: 'label' of a task is the same in all trials, which are compared by it\n"
        "    task click: binary(label=choose(a, b))\n"
        "                       ^^^^^^^^^^^^^^^^^^\n"
        "write one value",
        "task click: binary(label=a, tower=choose(16, 32))\ntune trials=20",
    ),
    (
        "MTL053",
        "task x: choose(binary(label=a), regression(label=b))\ntune trials=20",
        "MtlError MTL053, line 1: 'label' of a task is the same in all trials, which are compared by it\n"
        "    task x: choose(binary(label=a), regression(label=b))\n"
        "                                               ^^^^^^^\n"
        "write the same 'label' in each kind",
        "task x: choose(binary(label=a), regression(label=a))\ntune trials=20",
    ),
]
