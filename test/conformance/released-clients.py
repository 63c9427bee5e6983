"""Runs calls of the released clients in this one process, one user after the other: a line of JSON in, a line of JSON out.

{"client": "openstack", "as": {OS_...}, "words": [...], "input": TEXT}       what is typed behind `openstack`; the same for "glance"
{"client": "sdk", "as": {OS_...}, "call": NAME, "args": [...], "kwargs": {}}  a method of openstacksdk's image proxy
{"inventory": true}                                                         all that the released clients have

The answer has `status`, `stdout` and `stderr` of a command, and `returned`, or `raised` and `message`, of a method. Without `input` the user
sits at a terminal. A token is asked for once; Keystone is not what is tried here.
"""
import contextlib
import hashlib
import importlib.metadata
import inspect
import io
import json
import logging
import os
import sys
import types

from keystoneauth1 import session

answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
questions = os.fdopen(os.dup(0), encoding="utf-8")
os.dup2(os.open(os.devnull, os.O_RDWR), 0)
os.dup2(0, 1)

tokens = {}
ask_anew = session.Session.request


def ask_once(self, url, method, **kwargs):
    if method != "POST" or not url.endswith("/auth/tokens"):
        return ask_anew(self, url, method, **kwargs)
    key = (url, json.dumps(kwargs["json"], sort_keys=True))
    if key not in tokens:
        tokens[key] = ask_anew(self, url, method, **kwargs)
    return tokens[key]


session.Session.request = ask_once


class Terminal(io.TextIOWrapper):
    def isatty(self):
        return True


def typed(text):
    return Terminal(io.BytesIO()) if text is None else io.TextIOWrapper(io.BytesIO(text.encode()))


def openstack(words):
    from openstackclient import shell
    forget_user()
    return shell.OpenStackShell().run(words)


def forget_user():
    """What a program that ends after one command keeps for as long as it runs: the clients, made for who asked first."""
    from osc_lib import clientmanager
    for kept in vars(clientmanager.ClientManager).values():
        if isinstance(kept, clientmanager.ClientCache):
            kept._handle = None


def glance(words):
    from glanceclient import shell
    sys.argv = ["glance", *words]
    shell.main()


def forget_handlers():
    """Every run of a client adds its own, which would write to the streams of the one before."""
    for logger in [logging.root, *logging.root.manager.loggerDict.values()]:
        for handler in list(getattr(logger, "handlers", [])):
            logger.removeHandler(handler)


def command(run, words, text):
    out, err = io.TextIOWrapper(io.BytesIO(), encoding="utf-8"), io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    forget_handlers()
    before, sys.stdin = sys.stdin, typed(text)
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            status = run(words) or 0
        except SystemExit as end:
            status = end.code or 0
    sys.stdin = before
    out.flush(), err.flush()
    return {"status": status, "stdout": out.buffer.getvalue().decode(errors="replace"), "stderr": err.buffer.getvalue().decode(errors="replace")}


connections = {}


def connected():
    import openstack
    key = tuple(os.environ.get(name) for name in ("OS_USERNAME", "OS_PROJECT_NAME"))
    if key not in connections:
        connections[key] = openstack.connect(load_yaml_config=False)
    return connections[key].image


def plain(value):
    """What a program would see of a result, as JSON; where it lies in which cloud is left out, and the sentences of a refusal."""
    if isinstance(value, (str, int, float, bool, type(None))):
        return value
    if isinstance(value, bytes):
        return {"bytes": len(value), "sha256": hashlib.sha256(value).hexdigest()}
    if hasattr(value, "to_dict"):
        return {"is": type(value).__name__, **{name: plain(each) for name, each in value.to_dict().items() if name != "location"}}
    if isinstance(value, dict):
        return {str(name): plain(each) for name, each in value.items()}
    if isinstance(value, (list, tuple, set, types.GeneratorType)) or inspect.isgenerator(value):
        return [plain(each) for each in value]
    if hasattr(value, "status_code"):
        told = {"is": type(value).__name__, "status": value.status_code}
        return told if value.status_code >= 400 else {**told, "content": plain(value.content)}
    return {"is": type(value).__name__}


def given(image, value):
    """An argument; {"resource": [NAME, ARGUMENT...]} is what that method gives."""
    if isinstance(value, dict) and set(value) == {"resource"}:
        name, *args = value["resource"]
        return getattr(image, name)(*args)
    return value


def method(name, args, kwargs):
    try:
        image = connected()
        call = getattr(image, name)
        returned = call(*[given(image, each) for each in args], **{key: given(image, each) for key, each in kwargs.items()})
        return {"returned": plain(returned)}
    except Exception as error:
        return {"raised": f"{type(error).__module__}.{type(error).__name__}", "message": str(error)}


def inventory():
    from glanceclient.v2 import shell
    from openstack.image.v2._proxy import Proxy
    entry_points = importlib.metadata.entry_points(group="openstack.image.v2")
    return {
        "openstack": sorted(each.name.replace("_", " ") for each in entry_points),
        "glance": sorted(name[3:].replace("_", "-") for name in vars(shell) if name.startswith("do_")),
        "sdk": sorted(name for name, each in vars(Proxy).items() if inspect.isfunction(each) and not name.startswith("_")),
        "versions": {name: importlib.metadata.version(name) for name in ("python-openstackclient", "python-glanceclient", "openstacksdk")},
    }


def answer(question):
    if "inventory" in question:
        return inventory()
    os.environ.update(question["as"])
    if question["client"] == "sdk":
        return method(question["call"], question["args"], question["kwargs"])
    return command({"openstack": openstack, "glance": glance}[question["client"]], question["words"], question.get("input"))


for line in questions:
    json.dump(answer(json.loads(line)), answers)
    answers.write("\n")
    answers.flush()
