/* pprof.js - the profile as google/pprof's profile.proto, gzipped.  Addresses are not in the page:
 * a location is a line of a function.
 * SPDX-License-Identifier: MIT
 */
const Pprof = (() => {
	const utf8 = new TextEncoder();

	/* A message of protobuf while it is written. */
	class Message {
		constructor() {
			this.bytes = [];
		}

		/* VALUE may have more digits than a number can hold. */
		varint(value) {
			let rest = BigInt(value);
			for (; rest >= 128n; rest >>= 7n)
				this.bytes.push(Number(rest & 127n) | 128);
			this.bytes.push(Number(rest));
		}

		number(field, value) {
			if (!value)
				return;
			this.varint(field * 8);
			this.varint(value);
		}

		chunk(field, bytes) {
			this.varint(field * 8 + 2);
			this.varint(bytes.length);
			for (const byte of bytes)
				this.bytes.push(byte);
		}

		packed(field, values) {
			const all = new Message();
			for (const value of values)
				all.varint(value);
			this.chunk(field, all.bytes);
		}

		message(field, fill) {
			const inner = new Message();
			fill(inner);
			this.chunk(field, inner.bytes);
		}
	}

	class Strings {
		constructor() {
			this.numbers = new Map([['', 0]]);
		}

		of(text) {
			if (!this.numbers.has(text))
				this.numbers.set(text, this.numbers.size);
			return this.numbers.get(text);
		}
	}

	/* Points by stack, thread and session: [count, wall, cpu, waited]. */
	function samples() {
		const p = Model.points, sums = new Map();
		for (let i = 0; i < p.n; i++) {
			const lane = Model.lanes[p.lane[i]], key = lane.number + ' ' + p.stack[i];
			const sum = sums.get(key) || { lane, node: Model.stacks.node[p.stack[i]],
				values: [0, 0, 0, 0] };
			sum.values[0] += p.count[i];
			sum.values[1] += p.wall[i];
			sum.values[2] += p.cpu[i];
			sum.values[3] += p.kind[i] === Model.WAIT ? p.wall[i] : 0;
			sums.set(key, sum);
		}
		return [...sums.values()];
	}

	/* The uncompressed bytes. */
	function encode() {
		const out = new Message(), strings = new Strings(), places = new Map();
		const mappings = new Map(Model.modules.map((m, i) => [m.path, i + 1]));
		const place = (node) => {
			const key = Model.nodes.fn[node] + ':' + Model.nodes.line[node];
			if (!places.has(key))
				places.set(key, { id: places.size + 1, fn: Model.nodes.fn[node],
					line: Model.nodes.line[node] });
			return places.get(key).id;
		};
		for (const [type, unit] of [['samples', 'count'], ['wall', 'nanoseconds'],
			['cpu', 'nanoseconds'], ['wait', 'nanoseconds']])
			out.message(1, (m) => {
				m.number(1, strings.of(type));
				m.number(2, strings.of(unit));
			});
		for (const s of samples())
			out.message(2, (m) => {
				const path = [];
				for (let at = s.node; at >= 0; at = Model.nodes.up[at])
					path.push(place(at));
				m.packed(1, path);
				m.packed(2, s.values);
				const session = Model.sessions[s.lane.session],
					thread = Model.threads[s.lane.thread];
				const labels = { thread: thread.name + ' ' + thread.tid,
					route: session.request.method + ' ' + session.request.target.split('?')[0],
					...(Model.summed ? {} : { request_id: session.id }) };
				for (const [key, text] of Object.entries(labels))
					m.message(3, (label) => {
						label.number(1, strings.of(key));
						label.number(2, strings.of(text || ''));
					});
			});
		Model.modules.forEach((module, i) => out.message(3, (m) => {
			const known = module.symbols === 'debug' ? 1 : 0;
			m.number(1, i + 1);
			m.number(5, strings.of(module.path));
			m.number(6, strings.of(module.build_id));
			m.number(7, 1);
			m.number(8, known);
			m.number(9, known);
		}));
		for (const { id, fn, line } of places.values())
			out.message(4, (m) => {
				m.number(1, id);
				m.number(2, mappings.get(Model.functions[fn].module) || 0);
				m.message(4, (l) => {
					l.number(1, fn + 1);
					l.number(2, line);
				});
			});
		for (const f of Model.functions)
			out.message(5, (m) => {
				m.number(1, f.id + 1);
				m.number(2, strings.of(f.name));
				m.number(3, strings.of(f.name));
				m.number(4, strings.of(f.pseudo ? '' : f.file || f.module));
				m.number(5, f.line);
			});
		const kind = strings.of(State.now.clock === 'cpu' ? 'cpu' : 'wall'),
			wall = strings.of('wall'), unit = strings.of('nanoseconds');
		for (const text of strings.numbers.keys())
			out.chunk(6, utf8.encode(text));
		out.number(9, BigInt(Model.sessions[0].request.began_wall_ns));
		out.number(10, Model.duration);
		out.message(11, (m) => {
			m.number(1, wall);
			m.number(2, unit);
		});
		out.number(12, Model.sessions[0].interval_ns);
		out.number(14, kind);
		return Uint8Array.from(out.bytes);
	}

	async function make() {
		const stream = new Blob([encode()]).stream().pipeThrough(new CompressionStream('gzip'));
		return new Response(stream).arrayBuffer();
	}

	return { make, encode };
})();
