/* calls.js - trees of calls: stacks merged by function.  Built once; weighing one again after a
 * choice of the reader takes a pass over arrays.
 * SPDX-License-Identifier: MIT
 */
class Calls {
	/* `what` of a call is a function, or for the root of a thread the number of functions +
	 * thread. */
	constructor() {
		this.parent = [-1];
		this.what = [-1];
		this.depth = [0];
		this.ofStack = new Int32Array(Model.stacks.n).fill(-1); /* the call it ends in */
		this.numbers = new Map();
	}

	child(parent, what) {
		const key = parent * (Model.functions.length + Model.threads.length) + what;
		let call = this.numbers.get(key);
		if (call === undefined) {
			this.numbers.set(key, call = this.parent.length);
			this.parent.push(parent);
			this.what.push(what);
			this.depth.push(this.depth[parent] + 1);
		}
		return call;
	}

	/* Adds STACK as FUNCTIONS, an array from the root on. */
	add(stack, functions) {
		let at = 0;
		for (const f of functions)
			at = this.child(at, f);
		this.ofStack[stack] = at;
	}

	/* No more calls: rows of children, linked. */
	finish() {
		this.n = this.parent.length;
		this.numbers = null;
		this.first = new Int32Array(this.n).fill(-1);
		this.next = new Int32Array(this.n).fill(-1);
		for (let c = this.n - 1; c > 0; c--) {
			this.next[c] = this.first[this.parent[c]];
			this.first[this.parent[c]] = c;
		}
		return this.weigh();
	}

	/* Totals and own times for what is chosen now; `self` and `total` are by set. */
	weigh() {
		const w = Weights.now();
		if (this.key === w.key)
			return this;
		this.key = w.key;
		this.self = w.sets.map(() => new Float64Array(this.n));
		for (let set = 0; set < w.sets.length; set++)
			for (let s = 0; s < Model.stacks.n; s++)
				if (this.ofStack[s] >= 0)
					this.self[set][this.ofStack[s]] += w.sets[set][s];
		this.total = this.self.map((self) => Float64Array.from(self));
		for (const total of this.total)
			for (let c = this.n - 1; c > 0; c--)
				total[this.parent[c]] += total[c];
		this.weights = this.larger(this.total);
		this.sorted = null;
		return this;
	}

	/* What counts where only one number does: of a diff, the larger side. */
	larger(bySet) {
		const most = new Float64Array(this.n);
		bySet.forEach((ns, set) => {
			for (let c = 0; c < this.n; c++)
				most[c] = Math.max(most[c], Weights.shown(set, ns[c]));
		});
		return most;
	}

	weight(c) {
		return this.weights[c];
	}

	/* The children of C with time, most first. */
	children(c) {
		this.sorted = this.sorted || new Map();
		let kids = this.sorted.get(c);
		if (!kids) {
			kids = [];
			for (let k = this.first[c]; k >= 0; k = this.next[k])
				if (this.weight(k) > 0)
					kids.push(k);
			kids.sort((a, b) => this.weight(b) - this.weight(a) || a - b);
			this.sorted.set(c, kids);
		}
		return kids;
	}

	isThread(c) {
		return this.what[c] >= Model.functions.length;
	}

	/* The function of C, or null for the whole and for threads. */
	fn(c) {
		return c > 0 && !this.isThread(c) ? Model.functions[this.what[c]] : null;
	}

	label(c) {
		if (c === 0)
			return 'all';
		return this.isThread(c) ? Model.threadName(this.what[c] - Model.functions.length)
		                        : Model.functions[this.what[c]].label;
	}

	/* The same without the parameters of C++, where there is little room. */
	brief(c) {
		const f = this.fn(c);
		return f ? f.brief : this.label(c);
	}

	/* From the root to C, without the whole. */
	path(c) {
		const path = [];
		for (let at = c; at > 0; at = this.parent[at])
			path.push(at);
		return path.reverse();
	}

	under(c, top) {
		while (c > top)
			c = this.parent[c];
		return c === top;
	}

	/* The calls of the whole profile; the one tree that Tree and Flame show and `chosen` means. */
	static whole() {
		if (!Calls.made) {
			const calls = Calls.made = new Calls(), { node, thread } = Model.stacks;
			const roots = new Map();
			for (let s = 0; s < Model.stacks.n; s++) {
				const t = Model.byThread ? thread[s] : 0;
				if (!roots.has(t))
					roots.set(t, new Int32Array(Model.nodes.n));
				calls.ofStack[s] = calls.ofNode(node[s], t, roots.get(t));
			}
			calls.finish();
		}
		return Calls.made.weigh();
	}

	/* The call of NODE; SEEN remembers those of all nodes, so that a shared caller costs
	 * nothing. */
	ofNode(node, thread, seen) {
		const path = [];
		let at = node;
		for (; at >= 0 && !seen[at]; at = Model.nodes.up[at])
			path.push(at);
		let call = at >= 0 ? seen[at] : 0;
		if (at < 0 && Model.byThread)
			call = this.child(0, Model.functions.length + thread);
		while (path.length) {
			at = path.pop();
			call = seen[at] = this.child(call, Model.nodes.fn[at]);
		}
		return call;
	}

	/* Two trees around function F, each stack by its outermost call of it: who called it, and
	 * what it called. */
	static around(f) {
		const callers = new Calls(), callees = new Calls();
		for (let s = 0; s < Model.stacks.n; s++) {
			const path = Model.path(Model.stacks.node[s]), at = path.indexOf(f);
			if (at < 0)
				continue;
			callers.add(s, path.slice(0, at + 1).reverse());
			callees.add(s, path.slice(at));
		}
		return { callers: callers.finish(), callees: callees.finish() };
	}
}
