/* dom.js - makes elements.  Text is always text: nothing here, or anywhere else in the viewer,
 * turns a string into markup.
 * SPDX-License-Identifier: MIT
 */

/* el('td.number.faint', { title: 'x', onclick: f }, child, 'text'...): properties may be left
 * out, and of what stands there false, null and undefined are. */
function el(spec, ...rest) {
	const [tag, ...classes] = spec.split('.'), e = document.createElement(tag);
	const [first] = rest, given = first && typeof first === 'object' && !(first instanceof Node);
	e.className = classes.join(' ');
	if (tag === 'button')
		e.type = 'button';
	for (const [key, value] of Object.entries(given ? rest.shift() : {}))
		if (Dom.isThere(value))
			Dom.set(e, key, value);
	e.append(...rest.filter(Dom.isThere));
	return e;
}

const Dom = (() => {
	/* `css` sets properties of its style one by one: the policy forbids the attribute. */
	function set(e, key, value) {
		if (key === 'css')
			for (const [name, to] of Object.entries(value))
				e.style.setProperty(name, to);
		else if (key.startsWith('on'))
			e.addEventListener(key.slice(2), value);
		else
			e.setAttribute(key, value === true ? '' : value);
	}

	function isThere(kid) {
		return kid !== null && kid !== undefined && kid !== false;
	}

	/* Puts KIDS into E in place of what is in it. */
	function fill(e, ...kids) {
		e.replaceChildren(...kids.filter(isThere));
		return e;
	}

	/* What cannot be seen, or turns the direction of what can, is written out. */
	const UNSEEN =
		/[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

	function visible(text) {
		return text.replace(UNSEEN,
			(c) => '\\u' + c.charCodeAt(0).toString(16).padStart(4, '0'));
	}

	/* At most N characters: the middle is left out, of a name with scopes the outer ones. */
	function cut(text, n) {
		if (text.length <= n)
			return text;
		if (n < 4)
			return n > 0 ? text.slice(0, n - 1) + '…' : '';
		for (let at = text.indexOf('::'); at >= 0; at = text.indexOf('::', at + 2))
			if (text.length - at - 1 <= n)
				return '…' + text.slice(at + 2);
		const left = Math.ceil((n - 1) * 0.6);
		return text.slice(0, left) + '…' + text.slice(text.length - (n - 1 - left));
	}

	/* TEXT in pieces, those that RE matches marked. */
	function marked(text, re) {
		const out = [];
		let at = 0;
		if (re) {
			const every = new RegExp(re.source, 'gi');
			for (let hit; (hit = every.exec(text)) && out.length < 40;) {
				if (!hit[0].length) {
					every.lastIndex++;
					continue;
				}
				out.push(text.slice(at, hit.index), el('mark', hit[0]));
				at = hit.index + hit[0].length;
			}
		}
		out.push(text.slice(at));
		return out;
	}

	/* A button that stays pressed. */
	function toggle(text, pressed, press, title) {
		return el('button.toggle', { title, 'aria-pressed': String(pressed), onclick: press },
			text);
	}

	/* A choice of few: [[value, text], ...]. */
	function choice(label, options, value, choose) {
		const select = el('select', { 'aria-label': label,
			onchange: (event) => choose(event.target.value) });
		for (const [key, text] of options)
			select.append(el('option', { value: key, selected: key === value }, text));
		return el('label.choice', label + ' ', select);
	}

	/* A box that scrolls, also by keys. */
	function scroll(label, classes, ...kids) {
		return el('div.scroll' + classes, { tabindex: '0', role: 'region', 'aria-label': label },
			...kids);
	}

	/* The class of a function's name; of no function it is that of a thread. */
	function kind(f) {
		if (!f)
			return 'thread';
		return f.pseudo ? 'pseudo' : f.library ? 'library' : 'own';
	}

	/* The colour of something, before its name. */
	function dot(color) {
		return el('i.dot', { css: { background: color } });
	}

	/* Colours and what they stand for: [[variable of style.css, text], ...]. */
	function legend(rows) {
		return el('span.legend', ...rows.map(([color, text]) =>
			el('span', dot('var(--' + color + ')'), text)));
	}

	/* Told to whoever listens to the page instead of looking at it. */
	function say(text) {
		document.getElementById('said').textContent = text;
	}

	return { set, isThere, fill, visible, cut, marked, toggle, choice, scroll,
		kind, dot, legend, say };
})();
