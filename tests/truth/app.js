// app.js PORT UPSTREAM [EXPRESS] - the steps of a request (tests/hosts/truth.h) for node's http, or
// for the express that lies in the folder EXPRESS.
//
// Room: tests.  SPDX-License-Identifier: MIT
'use strict';
const fs = require('fs');
const http = require('http');

const [port, upstream] = process.argv.slice(2).map(Number);
const agent = new http.Agent({ keepAlive: true, maxSockets: 4 });
const nothing = new Int32Array(new SharedArrayBuffer(4));

const path = (id, place) => '/gt/' + id + '/' + place;
const says = (id, place) => fs.existsSync(path(id, place));
const pause = ms => new Promise(done => setTimeout(done, ms));
/* fs.access asks on a thread of libuv's pool. */
const pooled = id => new Promise(done => fs.access(path(id, 'pool'), done));
const ask = () => new Promise((done, fail) => http.get(
  { host: '127.0.0.1', port: upstream, path: '/slow', agent },
  answer => answer.resume().on('end', done)).on('error', fail));

function burst(id) {
  const until = process.hrtime.bigint() + 160000n;
  while (process.hrtime.bigint() < until);
  says(id, 'burst');
}

/* ns; the kernel counts to the end when a thread leaves its CPU. */
function cpuOfThread() {
  Atomics.wait(nothing, 0, 0, 0.01);
  return Number(fs.readFileSync('/proc/thread-self/schedstat', 'latin1').split(' ')[0]);
}

function burn() {
  const began = cpuOfThread();
  let burnt;
  do {
    const until = process.hrtime.bigint() + 1000000n;
    while (process.hrtime.bigint() < until);
    burnt = cpuOfThread() - began;
  } while (burnt < 2000000);
  return burnt;
}

async function serve(id, steps) {
  let burnt = 0;
  says(id, 'start');
  for (const step of steps) {
    if (step === 't') {
      await pause(0.5 + 3 * Math.random());
      says(id, 'timer');
    } else if (step === 'u') {
      await ask();
      says(id, 'upstream');
    } else if (step === 'p') {
      await pooled(id);
      says(id, 'pooled');
    } else if (step === 'w') {
      burnt += burn();
    } else {
      burst(id);
    }
  }
  says(id, 'end');
  return burnt ? id + ' ' + burnt : id;
}

setInterval(() => says('0', 'background'), 7);
async function handle(request, answer) {
  const asked = new URL(request.url, 'http://truth').searchParams;
  const body = await serve(asked.get('id'), asked.get('steps'));
  answer.writeHead(200, { 'Content-Length': body.length }).end(body);
}

function behind_express(folder) {
  const express = require(folder);
  const app = express();
  app.use(express.json());
  app.use((request, answer, next) => setImmediate(next));
  app.get('/', handle);
  return app;
}

http.createServer(process.argv[4] ? behind_express(process.argv[4]) : handle).listen(port, '127.0.0.1', 128);
