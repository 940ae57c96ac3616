/* search.js - the one search: which functions the expression means, which stacks pass through them
 * and how much of the time that is.
 * SPDX-License-Identifier: MIT
 */
const Search = (() => {
	let last = { q: '', on: false, bad: '' };

	function find(q) {
		let re;
		try {
			re = new RegExp(q, 'i');
		} catch (error) {
			return { q, on: false, bad: error.message };
		}
		const { n, up, fn } = Model.nodes;
		const functions = Uint8Array.from(Model.functions,
			(f) => re.test(f.name) || re.test(f.file) || re.test(f.module));
		const nodes = new Uint8Array(n); /* it, or a caller of it, is meant */
		for (let i = 0; i < n; i++)
			nodes[i] = functions[fn[i]] | (up[i] >= 0 ? nodes[up[i]] : 0);
		return { q, on: true, bad: '', re, functions, nodes };
	}

	/* {on, re, functions: meant or not}; not `on`: nothing is searched for. */
	function now() {
		if (last.q !== State.now.q)
			last = State.now.q ? find(State.now.q) : { q: '', on: false, bad: '' };
		return last;
	}

	function hits(f) {
		const s = now();
		return s.on && !!f && s.functions[f.id] === 1;
	}

	/* Of all time, how much is on stacks with such a function. */
	function share() {
		const s = now(), w = Weights.now();
		let sum = 0, whole = 0;
		w.sets.forEach((weights, set) => {
			whole += Weights.shown(set, w.whole[set]);
			for (let i = 0; s.on && i < Model.stacks.n; i++)
				if (s.nodes[Model.stacks.node[i]])
					sum += Weights.shown(set, weights[i]);
		});
		return { sum, whole };
	}

	/* The next call in ORDER, after FROM, whose function is meant; STEP 1 or -1.  -1: none. */
	function step(calls, order, from, step) {
		const n = order.length, at = order.indexOf(from);
		for (let k = 1; k <= n; k++) {
			const i = ((at < 0 && step < 0 ? 0 : at) + step * k % n + n) % n;
			if (hits(calls.fn(order[i])))
				return order[i];
		}
		return -1;
	}

	return { now, hits, share, step };
})();
