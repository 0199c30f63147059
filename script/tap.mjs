/*
 * tap.mjs - node's test events as flat TAP, one line a test
 *
 * node's own TAP nests, and whether a file or a suite counts as a test differs
 * from version to version; script/test counts lines, so every leaf is one here.
 *
 *     node --test-reporter=script/tap.mjs some.test.mjs
 *
 * SPDX-License-Identifier: ISC
 */
const oneLine = (text) => String(text).replace(/\s+/g, ' ').replace(/#/g, '\\#');

function* explain(error) {
	const cause = error?.cause ?? error;
	const text = String(cause?.stack ?? cause?.message ?? cause);

	for (const line of text.split('\n').slice(0, 30))
		yield `# ${line}\n`;
}

/* A parent that failed only because a child did says nothing new. */
const isParent = (data) => data.details?.type === 'suite' ||
	data.details?.error?.failureType === 'subtestsFailed';

export default async function* tap(events) {
	const path = [];
	const parents = new Set();
	let count = 0;

	for await (const { type, data } of events) {
		if (type === 'test:start') {
			path.length = data.nesting;
			parents.add(path.join(' > '));
			path.push(data.name);
		} else if (type === 'test:pass' || type === 'test:fail') {
			const names = [...path.slice(0, data.nesting), data.name];

			path.length = data.nesting;
			if (data.details?.error?.failureType === 'hookFailed')
				yield* explain(data.details.error);
			if (isParent(data) || (type === 'test:pass' && parents.has(names.join(' > '))))
				continue;
			const name = oneLine(names.join(' > '));
			const skip = data.skip === undefined || data.skip === false ? '' :
				` # SKIP ${oneLine(data.skip === true ? '' : data.skip)}`;
			yield `${type === 'test:fail' ? 'not ok' : 'ok'} ${++count} - ${name}${skip}\n`;
			if (type === 'test:fail')
				yield* explain(data.details?.error);
		} else if (type === 'test:diagnostic') {
			yield `# ${data.message}\n`;
		} else if (type === 'test:stdout' || type === 'test:stderr') {
			yield data.message.replace(/^/gm, '# ');
		}
	}
	yield `1..${count}\n`;
}
