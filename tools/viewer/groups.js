/* groups.js - what of a tree of calls is worth a row: calls that take too little are left out, runs
 * of library calls are folded.  The rules are those of `reqprof show` (tools/calltree_view.c).
 * SPDX-License-Identifier: MIT
 */
const Groups = (() => {
	/* Which calls are small; of the others those inside a run of library calls: its first one,
	 * those that call back out of it and those that take over 20 % by themselves are shown all
	 * the same.  Nothing on the way to KEEP is small. */
	function make(calls, least, libraries, keep) {
		const { n } = calls, whole = calls.weight(0), self = calls.larger(calls.self);
		const kept = new Set(keep > 0 ? calls.path(keep) : []);
		const g = { small: new Uint8Array(n), group: new Int32Array(n), hidden: new Uint8Array(n),
			count: new Int32Array(n), nSmall: 0 };
		for (let c = 1; c < n; c++) {
			const up = calls.parent[c], weight = calls.weight(c);
			g.small[c] = !weight || (g.small[up] || weight < whole * least / 100) && !kept.has(c)
				? 1 : 0;
			g.nSmall += g.small[c] && weight ? 1 : 0;
			if (g.small[c] || libraries)
				continue;
			const f = calls.fn(c);
			if (f && f.library) {
				g.group[c] = g.group[up] || c;
				g.hidden[c] = g.group[up] && self[c] <= 0.2 * whole ? 1 : 0;
			} else {
				g.hidden[up] = 0;
			}
		}
		for (let c = 1; c < n; c++)
			g.count[g.group[c]] += g.hidden[c];
		for (let c = 1; c < n; c++) /* one hidden frame is not worth a row that says so */
			if (g.hidden[c] && g.count[g.group[c]] < 2)
				g.hidden[c] = 0;
		for (let c = 0; c < n; c++)
			if (g.count[c] < 2)
				g.count[c] = 0;
		return g;
	}

	/* The calls that stand under C, most time first; those of folded runs stand in for their
	 * run. */
	function under(calls, g, c, open) {
		const rows = [], todo = calls.children(c).slice();
		while (todo.length) {
			const k = todo.pop();
			if (g.small[k])
				continue;
			if (g.hidden[k] && !open.has(g.group[k]))
				todo.push(...calls.children(k));
			else
				rows.push(k);
		}
		return rows.sort((a, b) => calls.weight(b) - calls.weight(a) || a - b);
	}

	/* What a folded run took by itself, and whose code it is. */
	function told(calls, g, group) {
		const libraries = new Set(), self = calls.self.map(() => 0);
		for (let c = group; c < calls.n; c++) {
			if (!g.hidden[c] || g.group[c] !== group)
				continue;
			calls.self.forEach((ns, set) => self[set] += ns[c]);
			libraries.add(calls.fn(c).module.split('/').pop().replace(/\.so.*/, ''));
		}
		return { self, libraries: [...libraries] };
	}

	return { make, under, told };
})();
