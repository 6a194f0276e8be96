"""Mistakes of what its names refer to (MTL02x, MTL03x)."""

NAMES = [
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
]
