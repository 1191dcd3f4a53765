// SPDX-License-Identifier: LGPL-2.1-or-later
// Answers of Perfetto's trace processor, which is WebAssembly, to SQL.
// usage: node trace_processor.mjs FOLDER TRACE... < QUERIES.json > ANSWERS
// FOLDER holds its three files, QUERIES is an object of texts, ANSWERS an object a line for each
// trace, each a list of rows by name of the query.
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [folder, ...traces] = process.argv.slice(2);
const PIECE = 32 << 20;
const wasm = readFileSync(`${folder}/trace_processor.wasm`);
const source = readFileSync(`${folder}/engine_bundle.node.js`, "utf8");
const { EngineBase } = await import(pathToFileURL(resolve(folder, "engine.mjs")));
const compiled = new WebAssembly.Module(wasm);

// What it takes a web worker to be. It is compiled once; the program for 64-bit memory, which is not
// here, is not tried if the few bytes that test for that fail, which have nothing but a memory.
const Module = WebAssembly.Module, MEMORY_SECTION = 5;
WebAssembly.Module = function (bytes) {
    if (bytes[8] === MEMORY_SECTION) throw new Error("no 64-bit memory");
    return bytes.length === wasm.length ? compiled : new Module(bytes);
};
class Request {
    response = wasm.buffer.slice(wasm.byteOffset, wasm.byteOffset + wasm.length);
    open() {}
    send() {}
}
console.log = console.warn = console.error = () => {};

class Engine extends EngineBase {
    id = "witness";
    mode = "WASM";
    constructor() {
        super();
        const worker = { location: { href: "" } }, { port1, port2 } = new MessageChannel();
        this.port = port1;
        this.port.onmessage = (message) => this.onRpcResponseBytes(message.data);
        new Function("self", "WorkerGlobalScope", "importScripts", "process", "XMLHttpRequest",
                     source)(worker, class {}, () => {}, undefined, Request);
        setImmediate(() => worker.onmessage({ data: port2 }));
    }
    rpcSendRequestBytes(data) { this.port.postMessage(data); }
    [Symbol.dispose]() { this.port.close(); }
}

const queries = JSON.parse(readFileSync(0, "utf8"));
for (const trace of traces) {
    const engine = new Engine(), bytes = readFileSync(trace), answers = {};
    for (let i = 0; i < bytes.length; i += PIECE)
        await engine.parse(Uint8Array.from(bytes.subarray(i, i + PIECE)));
    await engine.notifyEof();
    for (const [name, sql] of Object.entries(queries)) {
        const result = await engine.query(sql), columns = result.columns();
        answers[name] = [];
        for (const it = result.iter({}); it.valid(); it.next())
            answers[name].push(columns.map((column) => it.get(column)));
    }
    process.stdout.write(JSON.stringify(
        answers, (_, v) => typeof v === "bigint" ? v.toString() : v) + "\n");
    engine[Symbol.dispose]();
}
