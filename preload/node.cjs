// node.cjs - node's own answer to whose work it is: the number of a flagged request goes with what
// its handler starts.
//
// Room: preload, in the host's JavaScript.  node loads it before the program (cold/node.c), finds
// the shim beside it, and tells that in whose callback the thread is (hot/node.h).  While nothing
// is flagged it looks at one word a request.  It throws nothing and prints nothing.
// SPDX-License-Identifier: MIT
'use strict';
const { createHook, executionAsyncResource } = require('async_hooks');

// Words that are shared with the shim: enum rp_node_word in hot/node.h.
const ASKS = 0, TURN = 1, HEAD = 2, NUMBER = 3;
const NOBODY = 0, UNKNOWN = -1;

// What lives longer than a request, and whose events may be for anybody: what is started for them
// is said by a promise, a request of its own, or nobody.
const LASTING = new Set(['TCPWRAP', 'TCPSERVERWRAP', 'PIPEWRAP', 'PIPESERVERWRAP', 'TLSWRAP',
  'UDPWRAP', 'TTYWRAP', 'JSSTREAM', 'HTTP2SESSION', 'MESSAGEPORT', 'WORKER', 'SIGNALWRAP',
  'FSEVENTWRAP', 'STATWATCHER', 'DNSCHANNEL']);
const POLLS = 256; // of this many callbacks one asks whether somebody is still served

function follow({ words, enter, rest, look }) {
  const cell = new Uint32Array(words);
  let marks = new WeakMap(); // from what was started to the number it was started for
  let current = NOBODY; // whose callback runs
  let told = NOBODY, rests = false; // what the shim knows: of whom, and that this one has paused
  let turn = 0; // of the loop, in which OPEN began
  let on = false, count = 0;
  const open = []; // callbacks that others are in: their id, and whose what is around them is

  function tell() {
    cell[NUMBER] = current;
    enter();
    told = current = cell[NUMBER]; // nobody's, where it is over
    rests = false;
  }

  function quit() {
    hook.disable();
    on = false;
    marks = new WeakMap();
    open.length = 0;
    current = told = NOBODY;
    rests = false;
  }

  // Its head was read in C, and the thread works for it since: node's parser is at it.
  function is_parsed(resource) {
    const handle = resource.socket ? resource.socket._handle : resource;
    return handle !== null && typeof handle === 'object' && handle.fd === cell[HEAD] - 1;
  }

  function goes_in(id) {
    if (turn !== cell[TURN]) { // an error has left some of them open
      turn = cell[TURN];
      open.length = 0;
      current = NOBODY;
    }
    open.push(id, current);
    const resource = executionAsyncResource();
    if (cell[HEAD] !== 0) {
      told = UNKNOWN;
      if (is_parsed(resource)) {
        current = NOBODY;
        return;
      }
    }
    current = marks.get(resource) || NOBODY;
    if (current !== told || rests)
      tell();
    if (++count % POLLS === 0) {
      look();
      if (cell[ASKS] === 0)
        quit();
    }
  }

  function comes_out(id) {
    let at = open.length - 2;
    while (at >= 0 && open[at] !== id)
      at -= 2;
    current = at < 0 ? NOBODY : open[at + 1];
    open.length = at < 0 ? 0 : at;
    if (current === told)
      return;
    if (current !== NOBODY || told === UNKNOWN) {
      tell();
    } else if (!rests) {
      rest();
      rests = true;
    }
  }

  const quietly = what => (...given) => {
    try {
      what(...given);
    } catch {
      // Then it is not known.
    }
  };
  const hook = createHook({
    init(id, type, trigger, resource) {
      if (current !== NOBODY && !LASTING.has(type))
        marks.set(resource, current);
    },
    before: quietly(goes_in),
    after: quietly(comes_out),
  });

  // The head of a request of this connection is parsed; its handlers come next.
  function begins({ socket }) {
    const handle = socket._handle;
    cell[NUMBER] = handle && handle.fd >= 0 ? handle.fd : -1;
    look();
    if (cell[ASKS] === 0) {
      if (on)
        quit();
      return;
    }
    if (!on)
      hook.enable();
    on = true;
    current = cell[NUMBER];
    if (current === NOBODY)
      marks.delete(executionAsyncResource());
    else
      marks.set(executionAsyncResource(), current);
    tell();
  }

  const quiet_begins = quietly(begins);
  require('diagnostics_channel').subscribe('http.server.request.start', message => {
    if (cell[ASKS] !== 0)
      quiet_begins(message);
  });
}

try {
  delete require.cache[__filename];
  const shim = __filename.replace(/-node\.cjs$/, '.so');
  // Where it was not preloaded it would be loaded now, and be of no use.
  if ((process.env.LD_PRELOAD || '').split(/[ :]/).includes(shim)) {
    const addon = { exports: {} };
    process.dlopen(addon, shim);
    if (addon.exports.look)
      follow(addon.exports);
  }
} catch {
  // Without it the usual rules stand.
}
