// app.js PORT [PEM] - node's http: burns, waits for timers, reads a file on a pool thread; https
// when there is a certificate with its key.
//
// Room: tests.  SPDX-License-Identifier: MIT
'use strict';
const fs = require('fs');
const http = require('http');
const https = require('https');

function burn(seconds) {
	const began = process.cpuUsage().user;
	let x = 0;
	while (process.cpuUsage().user - began < seconds * 1e6)
		for (let i = 0; i < 100000; i++)
			x = Math.sqrt(x + i);
	return (process.cpuUsage().user - began) / 1e6;
}

function text(response, words) {
	response.end(words + '\n');
}

function serve(request, response) {
	const path = request.url.split('?')[0];
	let posted = '';

	if (path === '/slow')
		return setTimeout(() => text(response, 'slept 0.3, burnt ' + burn(0.2)), 300);
	if (path === '/burn')
		return text(response, 'burnt ' + burn(0.3));
	if (path === '/sleep')
		return setTimeout(() => text(response, 'slept'), 300);
	if (path === '/file')
		return fs.readFile(__filename, (error, data) => response.end(error || data));
	if (path === '/big')
		return response.end('0123456789abcdef'.repeat(20000));
	if (path === '/huge')
		return response.end('0123456789abcdef'.repeat(640000));
	if (path !== '/echo')
		return text(response, 'hello');
	request.on('data', (piece) => { posted += piece; });
	request.on('end', () => text(response, posted.length + ' bytes of ' + posted));
}

const pem = process.argv[3] && fs.readFileSync(process.argv[3]);
const server = pem ? https.createServer({ cert: pem, key: pem }, serve) : http.createServer(serve);
server.listen(Number(process.argv[2]), '127.0.0.1');
