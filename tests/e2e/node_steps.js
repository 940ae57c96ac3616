// node_steps.js PORT [thread|cluster] - node's http: work in turns, on timers, promises, files and
// libuv's pool, beside a neighbour; in this process' first thread, in another one, or in a child.
//
// Room: tests.  SPDX-License-Identifier: MIT
'use strict';
const { AsyncLocalStorage } = require('async_hooks');
const { execFileSync } = require('child_process');
const cluster = require('cluster');
const fs = require('fs');
const http = require('http');
const { setTimeout: pause } = require('timers/promises');
const { Worker, isMainThread } = require('worker_threads');

const own = new AsyncLocalStorage();

/* What it took of the CPU, in us. */
function burn(ms) {
  const used = () => process.cpuUsage().user + process.cpuUsage().system;
  const began = used();
  for (let x = 0; used() - began < ms * 1000;)
    for (let i = 0; i < 20000; i++)
      x = Math.sqrt(x + i);
  return used() - began;
}

/* Others have their turn after each of HOW's. */
async function in_turns(turns, how) {
  let burnt = 0;
  for (let i = 0; i < turns; i++) {
    await how();
    burnt += burn(2);
  }
  return burnt;
}

const later = what => new Promise(done => what(done));

async function all() {
  let burnt = await in_turns(10, () => pause(1));
  burnt += await in_turns(5, () => later(setImmediate));
  burnt += await in_turns(5, () => fs.promises.stat(__filename));
  burnt += await in_turns(5, () => later(done => fs.stat(__filename, done)));
  burnt += (await Promise.all([in_turns(5, () => pause(1)), in_turns(5, () => pause(1))]))
    .reduce((a, b) => a + b);
  return await later(done => process.nextTick(() => queueMicrotask(() => done(burnt))));
}

const neighbour = () => in_turns(60, () => pause(1));

/* What a program can see of how it was started, and what contexts do. */
async function semantics() {
  const kept = await own.run('kept', async () => {
    await pause(1);
    return [own.getStore(), own.exit(() => own.getStore())];
  });
  const child = execFileSync(process.execPath, ['-p', 'process.env.NODE_OPTIONS'],
    { env: { ...process.env, LD_PRELOAD: '' } });
  return [kept, own.getStore(), process.env.NODE_OPTIONS, process.execArgv, String(child),
    Object.keys(require.cache).filter(path => !path.endsWith('node_steps.js')),
    globalThis.preloaded, Object.keys(globalThis).length, process.listenerCount('uncaughtException')];
}

const held = [];

/* Answers for somebody else, in a callback that is not his. */
function poke() {
  held.pop().end('by poke');
  return 'poked';
}

/* What fails is heard, and the next request is served as ever. */
function fails() {
  process.once('uncaughtException', () => {});
  setTimeout(() => { throw new Error('on purpose'); }, 1);
  return pause(5, 'failed');
}

const routes = { '/all': all, '/neighbour': neighbour, '/semantics': semantics, '/poke': poke,
  '/fails': fails, '/hello': () => 'hello' };

async function serve(request, answer) {
  const path = request.url.split('?')[0];
  if (path === '/held') {
    held.push(answer);
    return;
  }
  answer.end(JSON.stringify(await routes[path]()));
}

const how = process.argv[3];
if (how === 'thread' && isMainThread)
  new Worker(__filename, { argv: process.argv.slice(2) });
else if (how === 'cluster' && cluster.isPrimary)
  cluster.fork();
else
  http.createServer(serve).listen(Number(process.argv[2]), '127.0.0.1');
