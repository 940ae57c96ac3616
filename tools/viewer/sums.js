/* sums.js - own and total time by anything that a node of the tree of stacks has: its function,
 * file, line, library.  A stack counts once for each, in a recursion too.
 * SPDX-License-Identifier: MIT
 */
const Sums = (() => {
	const cache = new Map();

	/* For each node the number of its group, and the groups' nodes that stand for them. */
	function groups(by) {
		const numbers = new Map(), first = [], of = new Int32Array(Model.nodes.n);
		for (let i = 0; i < Model.nodes.n; i++) {
			const f = Model.functions[Model.nodes.fn[i]];
			const path = f.file || (f.pseudo ? f.name : f.module);
			const key = by === 'function' ? f.id
				: by === 'file' ? path
				: by === 'line' ? path + '\0' + (f.file ? Model.nodes.line[i] : f.id)
				: f.pseudo ? f.name : f.module;
			let g = numbers.get(key);
			if (g === undefined) {
				numbers.set(key, g = first.length);
				first.push(i);
			}
			of[i] = g;
		}
		return { of, first };
	}

	/* Stacks by the node they end in: fewer, and each walk up is made once. */
	function byNode(weights) {
		const sum = new Float64Array(Model.nodes.n);
		for (let s = 0; s < Model.stacks.n; s++)
			sum[Model.stacks.node[s]] += weights[s];
		return sum;
	}

	function add(kind, weights) {
		const { up } = Model.nodes, sum = byNode(weights);
		const self = new Float64Array(kind.first.length), total = new Float64Array(self.length);
		const seen = new Int32Array(self.length).fill(-1);
		for (let leaf = 0; leaf < sum.length; leaf++) {
			if (!sum[leaf])
				continue;
			self[kind.of[leaf]] += sum[leaf];
			for (let at = leaf; at >= 0; at = up[at]) {
				const g = kind.of[at];
				if (seen[g] !== leaf) {
					seen[g] = leaf;
					total[g] += sum[leaf];
				}
			}
		}
		return { self, total };
	}

	/* Rows of {node, self: [by set], total: [by set]} with time, by 'function', 'file', 'line' or
	 * 'library'; NODE is one of the group. */
	function by(what) {
		const w = Weights.now(), key = what + '|' + w.key;
		if (!cache.has(what))
			cache.set(what, { groups: groups(what) });
		const entry = cache.get(what);
		if (entry.key === key)
			return entry.rows;
		const sums = w.sets.map((weights) => add(entry.groups, weights));
		entry.key = key;
		entry.rows = entry.groups.first.map((node, g) => ({
			node,
			self: sums.map((s) => s.self[g]),
			total: sums.map((s) => s.total[g]),
		})).filter((row) => row.total.some((ns) => ns > 0));
		return entry.rows;
	}

	/* The function that stands for a row. */
	function fn(row) {
		return Model.functions[Model.nodes.fn[row.node]];
	}

	return { by, fn };
})();
