/* main.js - puts the page together: reads the data, makes the bar and the views, draws the one in
 * sight.
 *
 * A view is an object of
 *   name          what its tab says
 *   make(panel)   fills its panel; called once, when it is first looked at
 *   draw()        shows what State, Weights and Search say now
 *   key(event)    true: the key was its own             } where that has
 *   find(step)    goes to the next match of the search  } a meaning
 * To add one, write its file and give it a row here.
 * SPDX-License-Identifier: MIT
 */
const Main = (() => {
	const DARK = matchMedia('(prefers-color-scheme: dark)');
	let views, made, waiting = false;

	function table() {
		return Object.entries({ tree: Tree, flame: Flame, timeline: Timeline, flat: Flat,
			sandwich: Sandwich, waits: Waits, source: Source, info: Info })
			.map(([id, view]) => ({ id, view }));
	}

	function row() {
		return views.find((v) => v.id === State.now.view) || views[0];
	}

	/* Arrows move from tab to tab, as in any list of tabs. */
	function tab(v) {
		const step = (event) => {
			const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
			if (!by)
				return;
			const next = views[(views.indexOf(v) + by + views.length) % views.length];
			State.set({ view: next.id });
			document.getElementById('tab-' + next.id).focus();
		};
		return el('button', { role: 'tab', id: 'tab-' + v.id, 'aria-controls': 'view-' + v.id,
			onclick: () => State.set({ view: v.id }), onkeydown: step }, v.view.name);
	}

	function search() {
		let timer;
		const now = () => {
			clearTimeout(timer);
			State.set({ q: input.value });
		};
		const later = () => {
			clearTimeout(timer);
			timer = setTimeout(now, 120);
		};
		const key = (event) => {
			if (event.key === 'Escape')
				input.value = '';
			else if (event.key !== 'Enter')
				return;
			now();
			if (event.key === 'Enter' && row().view.find)
				row().view.find(event.shiftKey ? -1 : 1);
			else
				input.blur();
		};
		const input = el('input', { id: 'search', type: 'search', placeholder: 'Search',
			'aria-label': 'Search: a regular expression', spellcheck: 'false', autocomplete: 'off',
			title: 'a regular expression over functions, files and libraries ( / )',
			oninput: later, onkeydown: key });
		return el('div.search', input, el('output', { id: 'matched', for: 'search' }));
	}

	function menu() {
		const save = (name) => {
			list.parentNode.open = false;
			Exports.save(name);
		};
		const list = el('div.menu', ...Exports.offered().map((name) =>
			el('button', { onclick: () => save(name) }, name)));
		const title = 'the whole profile for other tools, on the clock that is chosen';
		return el('details.download', el('summary', { title }, 'Download'), list);
	}

	/* The reader's choice, else the system's. */
	function theme() {
		document.documentElement.dataset.theme = State.theme() || (DARK.matches ? 'dark' : 'light');
		Colors.forget();
		if (views)
			draw();
	}

	function turn() {
		State.theme(document.documentElement.dataset.theme === 'dark' ? 'light' : 'dark');
		theme();
	}

	/* Buttons of which one is pressed: KEY of State is the first of what each has. */
	function pair(label, key, ...buttons) {
		return el('div.pair', { role: 'group', 'aria-label': label, 'data-key': key },
			...buttons.map(([value, text, title]) => el('button.toggle', { title,
				'data-value': value, onclick: () => State.set({ [key]: value }) }, text)));
	}

	function makeBar() {
		const icon = (text, label, press) => el('button.plain.icon', { 'aria-label': label,
			title: label.toLowerCase(), onclick: press }, text);
		document.getElementById('bar').append(
			el('div.tabs', { role: 'tablist', 'aria-label': 'Views' }, ...views.map(tab)),
			el('div.knobs', el('div', { id: 'only' }), search(),
				pair('Clock', 'clock', ['wall', 'Wall', 'wall time (c)'],
					['cpu', 'CPU', 'CPU time (c)']),
				pair('Unit', 'unit', ['time', 'Time', 'seconds (p)'],
					['share', '%', 'shares of the whole (p)']),
				menu(), icon('◐', 'Light or dark', turn), icon('?', 'Keys', () => Keys.sheet())));
		for (const v of views)
			v.panel = el('section.view', { id: 'view-' + v.id, role: 'tabpanel',
				'aria-labelledby': 'tab-' + v.id, hidden: true });
		document.getElementById('views').append(...views.map((v) => v.panel));
	}

	/* What is left out by choice, each with a way back. */
	function only() {
		const { part, from, to, lane } = State.now;
		const cross = () => el('span', { 'aria-hidden': 'true' }, '✕');
		const chip = (text, back) => el('button.chip', { title: 'show everything again',
			onclick: () => State.set(back) }, 'only ' + text + ' ', cross());
		Dom.fill(document.getElementById('only'),
			part && chip(Dom.visible(Account.words(part)), { part: '' }),
			to > from && chip(Units.time(from) + ' – ' + Units.time(to), { from: -1, to: -1 }),
			lane >= 0 && chip(Model.threadName(Model.lanes[lane].thread), { lane: -1 }));
	}

	function drawSearch() {
		const { q } = State.now, found = Search.now(), { sum, whole } = Search.share();
		const matched = document.getElementById('matched');
		const input = document.getElementById('search');
		if (input.value !== q && document.activeElement !== input)
			input.value = q;
		input.setAttribute('aria-invalid', String(!!found.bad));
		matched.textContent = found.on ? Units.share(sum, whole) : found.bad && 'not an expression';
		matched.title = found.bad || 'of all time is on stacks with a match';
	}

	function drawBar() {
		for (const v of views) {
			const on = v === row(), e = document.getElementById('tab-' + v.id);
			e.setAttribute('aria-selected', String(on));
			e.tabIndex = on ? 0 : -1;
			if (on && v.panel.hidden) /* on a telephone not all tabs are in sight */
				e.parentNode.scrollLeft = e.offsetLeft - 40;
			v.panel.hidden = !on;
		}
		for (const e of document.querySelectorAll('#bar .pair button')) {
			const on = State.now[e.parentNode.dataset.key] === e.dataset.value;
			e.setAttribute('aria-pressed', String(on));
		}
		drawSearch();
		only();
	}

	/* A hash may come from another page: what is not here is not chosen. */
	function tidy() {
		const s = State.now, calls = Calls.whole();
		if (s.chosen >= calls.n)
			s.chosen = -1;
		if (s.lane >= Model.lanes.length)
			s.lane = -1;
		if (s.fn >= Model.functions.length)
			s.fn = -1;
	}

	function now() {
		waiting = false;
		tidy();
		const v = row();
		drawBar();
		if (!made.has(v.id)) {
			made.add(v.id);
			v.view.make(v.panel);
		}
		v.view.draw();
		Account.draw();
		Chosen.draw(document.getElementById('chosen'));
	}

	function draw() {
		if (!waiting)
			requestAnimationFrame(now);
		waiting = true;
	}

	/* Why a view is empty. */
	function nothing() {
		const { part, clock } = State.now;
		if (part === 'idle')
			return 'While it was idle no thread worked for the request: there are no stacks.';
		if (part === 'unexplained' || part === 'wait:')
			return 'There are no stacks of this part.';
		if (clock === 'cpu' && part.startsWith('wait:'))
			return 'Waits take no CPU time: look at wall time.';
		if (!Model.points.n)
			return 'No samples were recorded.';
		return 'Of what is chosen above, nothing is left.';
	}

	/* Paper is light, and wants all there is, not what is in sight. */
	function print(on) {
		const canvas = row().view.canvas;
		if (!on)
			theme();
		else
			document.documentElement.dataset.theme = 'light';
		Colors.forget();
		if (canvas)
			canvas.print(on);
		for (const tree of TreeView.all) {
			tree.everything = on;
			if (tree.calls)
				tree.paint(true);
		}
	}

	function start() {
		Model.load(JSON.parse(document.getElementById('data').textContent));
		document.body.classList.toggle('diff', Model.diff);
		made = new Set();
		views = table();
		theme();
		DARK.addEventListener('change', theme);
		Head.make(document.getElementById('head'));
		makeBar();
		State.listen(draw);
		Keys.listen();
		window.addEventListener('beforeprint', () => print(true));
		window.addEventListener('afterprint', () => print(false));
		now();
	}

	document.addEventListener('DOMContentLoaded', start);
	return { draw, nothing, view: () => row().view, views: () => views };
})();
