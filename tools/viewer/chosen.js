/* chosen.js - the call that was chosen, at the foot of the page: what it is, what it took, where to
 * go from here.  It stays chosen from one view to the next.
 * SPDX-License-Identifier: MIT
 */
const Chosen = (() => {
	/* What there is to say of call C, a line each: name, times, place. */
	function lines(calls, c) {
		const f = calls.fn(c), place = f ? Model.place(f, 3) : '';
		const total = calls.total.map((ns) => ns[c]), self = calls.self.map((ns) => ns[c]);
		const share = Model.diff ? ' (' + Numbers.change(total) + ')'
			: ' · ' + Units.share(Numbers.part(total), 1);
		const own = self.some((ns) => ns > 0) ? ' · self ' + Numbers.both(self) : '';
		const module = f && f.file ? ' · ' + Dom.visible(f.module.split('/').pop()) : '';
		return [calls.label(c), Numbers.both(total) + share + own, place + module].filter(Boolean);
	}

	/* The stack from the root to C as text. */
	function stack(c) {
		const calls = Calls.whole(), functions = calls.path(c).map((at) => calls.fn(at));
		return functions.filter(Boolean).map((f) => (f.label + '  ' + Model.place(f, 2)).trim())
			.join('\n');
	}

	async function copy() {
		const text = stack(State.now.chosen);
		try {
			await navigator.clipboard.writeText(text);
		} catch { /* file:// and sandboxes have no clipboard: the old way */
			const area = el('textarea.unseen', { readonly: true });
			area.value = text;
			document.body.append(area);
			area.select();
			document.execCommand('copy');
			area.remove();
		}
		Dom.say('The stack is copied.');
		flash('Copied');
	}

	function flash(text) {
		const button = document.querySelector('#chosen [data-do=copy]');
		if (!button)
			return;
		button.textContent = text;
		setTimeout(() => button.textContent = 'Copy stack', 1200);
	}

	function act(name) {
		const c = State.now.chosen, f = c > 0 ? Calls.whole().fn(c) : null;
		if (name === 'copy' && c > 0)
			copy();
		else if (name === 'sandwich' && f)
			State.set({ view: 'sandwich', fn: f.id });
		else if (name === 'source' && f && Source.has(f))
			State.set({ view: 'source', fn: f.id, file: -1 });
		else if (name === 'flame' && c >= 0)
			State.set({ view: 'flame', zoom: c });
		else if (name === 'tree')
			State.set({ view: 'tree' });
	}

	function draw(foot) {
		const calls = Calls.whole(), c = State.now.chosen, view = State.now.view;
		foot.hidden = !(c > 0 && c < calls.n) || !['tree', 'flame', 'timeline'].includes(view);
		if (foot.hidden)
			return;
		const f = calls.fn(c), [name, times, place] = lines(calls, c);
		const button = (what, text, key) => el('button',
			{ 'data-do': what, title: 'key ' + key, onclick: () => act(what) }, text);
		Dom.fill(foot,
			el('div.said', el('strong.name', { title: name }, name),
				el('span', times), place && el('span.place', place)),
			el('div.acts',
				view !== 'tree' && button('tree', 'Tree', '1'),
				view !== 'flame' && button('flame', 'Flame', 'z'),
				f && button('sandwich', 'Sandwich', 's'),
				f && Source.has(f) && button('source', 'Source', 'o'),
				button('copy', 'Copy stack', 'y'),
				el('button.plain', { 'aria-label': 'Choose nothing',
					onclick: () => State.set({ chosen: -1 }) }, '✕')));
	}

	return { lines, stack, act, draw };
})();
