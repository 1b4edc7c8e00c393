/** A rule that oxlint has not: the current time comes from the injected clock, `new Date(value)` only converts. */
const currentDate = {
  meta: { type: 'problem', docs: { description: 'no `new Date()` and no `Date()` without an argument' } },
  create(context) {
    const check = (node) => {
      if (node.callee.type !== 'Identifier' || node.callee.name !== 'Date') return;
      if (node.type === 'NewExpression' && node.arguments.length > 0) return;
      context.report({ node, message: 'The time comes from the injected clock: system.now().' });
    };
    return { NewExpression: check, CallExpression: check };
  },
};

export default { meta: { name: 'clock' }, rules: { 'no-current-date': currentDate } };
