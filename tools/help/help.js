/* help.js - the links as the browser's own URL makes them: with the key behind the mode, and with
 * values that no session keeps.
 * SPDX-License-Identifier: MIT
 */
'use strict';
{
	const trigger = document.body.dataset.trigger;
	const links = document.querySelectorAll('a[data-mode]');
	const ours = ['1', 'true', 'yes', 'on', 'force', 'help'];
	for (const link of links)
		ours.push(link.dataset.mode);

	/* "help.SECRET" without the words that are no part of the key. */
	const keyOf = value => {
		const words = value.split('.');
		while (words.length && ours.includes(words[0].toLowerCase()))
			words.shift();
		return words.join('.');
	};

	const parts = location.search.slice(1).split('&').filter(Boolean);
	const at = parts.findIndex(part => part.split('=')[0] === trigger);
	const key = at < 0 ? '' : keyOf(parts[at].slice(trigger.length + 1));
	for (const link of links) {
		const mode = link.dataset.mode, needsKey = key && mode !== 'skip';
		const mine = trigger + '=' + mode + (needsKey ? '.' + key : '');
		const others = parts.filter((part, i) => i !== at);
		link.href = '?' + [...others, mine].join('&');
	}
}
