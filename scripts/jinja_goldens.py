"""Renders templates with Jinja, in transformers' environment, for the tests of tokenizer/chat/internal/jinja.

    python scripts/jinja_goldens.py > tokenizer/chat/internal/jinja/testdata/cases.json
    python scripts/jinja_goldens.py DIR > more.json    # the templates DIR/*.jinja as well: MEDNER_JINJA_CASES=more.json go test

A source is rendered once, or, if it reads messages, for each conversation without and with a prompt for the answer.
A rendering is a text, {"raises": message}, or null for any other error. The clock stands on 26 Jul 2024.
"""
import copy, datetime, glob, json, os, sys
import jinja2
import transformers.utils.chat_template_utils as utils

class Clock(datetime.datetime):
    @classmethod
    def now(cls, tz=None): return cls(2024, 7, 26)
utils.datetime = Clock

def turn(role, content): return {"role": role, "content": content}
CONVERSATIONS = [
    [],
    [turn("user", "Which drugs?")],
    [turn("system", " You list\ndrugs. "), turn("user", "  aspirin \n"), turn("assistant", "<think>\nhm\n</think>\n\n[\"aspirin\"]"), turn("user", "<|eot_id|> 'it' \"is\" \\ \t\u2028 日本語")],
    [turn("user", "a"), turn("user", "b")],
    [turn("critic", "x"), turn("user", ""), turn("tool", "{\"n\": 1}"), turn("assistant", "éß")],
]

# Whole templates, each in the manner of a family's.
TEMPLATES = [
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}",
    "{{- bos_token }}\n{%- for m in messages %}\n    {{- '<|start_header_id|>' ~ m.role ~ '<|end_header_id|>\\n\\n' ~ m.content | trim ~ '<|eot_id|>' }}\n{%- endfor %}\n{%- if add_generation_prompt %}\n    {{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}\n{%- endif %}\n",
    "{%- if messages[0]['role'] == 'system' %}\n    {%- set system = messages[0]['content'] %}\n    {%- set rest = messages[1:] %}\n{%- else %}\n    {%- set rest = messages %}\n{%- endif %}\n{{ bos_token }}{% for m in rest %}\n    {%- if (m['role'] == 'user') != (loop.index0 % 2 == 0) %}\n        {{- raise_exception('user and assistant take turns, not ' + m.role) }}\n    {%- endif %}\n    {%- if m['role'] == 'user' %}\n        {{- '[INST] ' + (system + '\\n\\n' if loop.first and system is defined else '') + m['content'] + ' [/INST]' }}\n    {%- else %}\n        {{- ' ' + m['content'] | trim + eos_token }}\n    {%- endif %}\n{%- endfor %}",
    "{% for m in messages %}{{ '<|' + m.role + '|>\n' + m.content + '<|end|>\n' }}{% endfor %}{% if add_generation_prompt %}<|assistant|>\n{% else %}{{ eos_token }}{% endif %}",
    "{{ bos_token }}{% if messages and messages[0].role == 'system' %}{% set first_user_prefix = messages[0].content + '\n\n' %}{% set loop_messages = messages[1:] %}{% else %}{% set first_user_prefix = '' %}{% set loop_messages = messages %}{% endif %}{% for m in loop_messages %}{% if m.role == 'assistant' %}{% set role = 'model' %}{% else %}{% set role = m.role %}{% endif %}{{ '<start_of_turn>' + role + '\n' + (first_user_prefix if loop.first else '') }}{% if m.content is string %}{{ m.content | trim }}{% elif m.content is iterable %}{% for item in m.content %}{{ item.text }}{% endfor %}{% else %}{{ raise_exception('Invalid content type') }}{% endif %}{{ '<end_of_turn>\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<start_of_turn>model\n' }}{% endif %}",
    "{%- set ns = namespace(multi_step=true, last=messages|length - 1) %}\n{%- for m in messages[::-1] %}\n    {%- set index = (messages|length - 1) - loop.index0 %}\n    {%- if ns.multi_step and m.role == 'user' and not (m.content.startswith('<tool>') and m.content.endswith('</tool>')) %}\n        {%- set ns.multi_step = false %}\n        {%- set ns.last = index %}\n    {%- endif %}\n{%- endfor %}\n{%- for m in messages %}\n    {%- set content = m.content if m.content is string else '' %}\n    {%- if m.role == 'assistant' %}\n        {%- set reasoning = '' %}\n        {%- if m.reasoning_content is string %}\n            {%- set reasoning = m.reasoning_content %}\n        {%- elif '</think>' in content %}\n            {%- set reasoning = content.split('</think>')[0].rstrip('\\n').split('<think>')[-1].lstrip('\\n') %}\n            {%- set content = content.split('</think>')[-1].lstrip('\\n') %}\n        {%- endif %}\n        {%- if loop.index0 > ns.last or (not loop.last and reasoning) %}\n            {{- '<|a|>' + '<think>\\n' + reasoning.strip('\\n') + '\\n</think>\\n\\n' + content.lstrip('\\n') }}\n        {%- else %}\n            {{- '<|a|>' + content }}\n        {%- endif %}\n    {%- else %}\n        {{- '<|' + m.role + '|>' + content }}\n    {%- endif %}\n{%- endfor %}\n{%- if add_generation_prompt %}\n    {{- '<|a|>' }}\n    {%- if enable_thinking is defined and enable_thinking is false %}\n        {{- '<think>\\n\\n</think>\\n\\n' }}\n    {%- endif %}\n{%- endif %}",
    "{%- macro turn(m, last=false) -%}\n<{{ m.role }}{% if last %} last{% endif %}>{{ m.content|tojson }}{{ caller() if caller }}\n{%- endmacro %}\n{%- for m in messages %}\n{% generation %}{{ turn(m, last=loop.last) }}{% endgeneration %}\n{% if loop.index > 2 %}{% break %}{% endif %}\n{% endfor %}\n{{ strftime_now('%Y-%m-%d') }}{% if tools %}{{ tools | tojson(indent=4) }}{% endif %}",
    "{% set sep = '\n\n' %}{% for message in messages if message.role != 'system' %}{{ loop.index }}/{{ loop.length }} {{ message.role | upper }}: {{ message.content | replace('\n', ' ') | trim }}{{ sep if not loop.last }}{% else %}nothing{% endfor %}{% if add_generation_prompt %}{{ sep }}ASSISTANT:{% endif %}",
    "{% set roles = messages | map(attribute='role') | list %}{{ roles | join(', ') }}: {{ messages | selectattr('role', 'equalto', 'user') | map(attribute='content') | join('|') }}; {{ messages | rejectattr('role', 'in', ['user', 'system']) | list | length }}; {{ (messages | last).role }}; {{ messages | tojson }}; {{ messages }}",
    "{% for m in messages %}{% set c = m.content %}{{ c[1:-1] }}|{{ c[::-1] }}|{{ c[:2] * 2 }}|{{ c | length }}|{{ c.split() }}|{{ c.split('a', 1) | join('A') }}|{{ c.upper().lower().title() }}|{{ '%s=%5.3s' % (m.role, c) }}|{{ '{}-{x}'.format(c, x=m.role) }}|{{ c | indent(2, true) }}\n{% endfor %}",
]

# Small sources, one feature each.
SNIPPETS = r"""
{{ 1 + 2 * 3 - 4 / 2 }} {{ 7 // 2 }} {{ -7 // 2 }} {{ -7 % 3 }} {{ 7 % -3 }} {{ 2 ** 10 }} {{ 2 ** -1 }} {{ -2 ** 2 }}
{{ 1.0 }} {{ 1e3 }} {{ 1.5e300 * 1e10 }} {{ 0.1 + 0.2 }} {{ 1e16 }} {{ 1e-5 }} {{ 100000.0 }} {{ 0x1f }} {{ 0b11 }} {{ 1_000 }}
{{ 5.5 // 2 }} {{ -5.5 % 2 }} {{ 1 / 3 }} {{ True + 1 }} {{ 3 * True }}
{{ 1 < 2 < 3 }} {{ 1 < 3 < 2 }} {{ 1 == 1.0 }} {{ true == 1 }} {{ 'a' < 'b' }} {{ [1, 2] < [1, 3] }} {{ (1,) == [1] }}
{{ not true }} {{ not none }} {{ true and 0 or 'x' }} {{ '' or none or 3 }} {{ 1 if false }} {{ 1 if true else 2 }}
{{ 'a' ~ 1 ~ none ~ true ~ 1.5 ~ [1, 'x'] }} {{ 'a' 'b' "c" }} {{ 'ab' * 3 }} {{ 2 * [1] }} {{ [1] + [2] }} {{ (1, 2) + (3,) }}
{{ 'x' in 'axb' }} {{ 1 in [1, 2] }} {{ 'k' in {'k': 1} }} {{ 3 not in (1, 2) }} {{ 'x' in undefined_name }}
{{ [1, 'a', none, true, 1.5, {'k': [1]}, (1,), ()] }}
{{ "it's" }} {{ ["it's", 'say "x"', 'both \' and "', 'tab\t nl\n \\ é \x00 \u200b'] }}
{{ 'a\nb\tc\\d\'e\x41\u00e9\101\q' }}
{{ missing }}|{{ missing is defined }}|{{ missing | default('d') }}|{{ missing | d }}|{{ '' | default('d', true) }}|{{ none | default('d') }}
{{ missing.attribute }}
{{ missing['key'] }}
{{ missing + 1 }}
{{ missing() }}
{{ 'x' + missing }}
{{ missing == missing }} {{ missing == 1 }} {{ missing | length }} {{ missing | list }}
{% for x in missing %}a{% else %}b{% endfor %}
{{ {'a': 1}.a }} {{ {'a': 1}['a'] }} {{ {'a': 1}.b }} {{ {'a': 1}.b is defined }} {{ {'items': 3}['items'] }} {{ {'b': 2, 'a': 1}.items() | list }}
{{ {'a': 1}.get('a') }} {{ {'a': 1}.get('b') }} {{ {'a': 1}.get('b', 'c') }} {{ {'a': 1}.keys() | list }} {{ {'a': 1}.values() | list }}
{{ {'a': {'b': [1, 2, {'c': 'd'}]}}.a.b[2].c }} {{ [1, 2, 3][-1] }} {{ [1, 2, 3][5] }} {{ 'abc'[1] }} {{ 'abc'[-1] }} {{ [[1, 2], [3]].0.1 }}
{{ [1, 2, 3, 4][1:] }} {{ [1, 2, 3, 4][:-1] }} {{ [1, 2, 3, 4][::2] }} {{ [1, 2, 3, 4][::-1] }} {{ [1, 2, 3, 4][3:0:-2] }} {{ 'héllo'[1:3] }} {{ 'abc'[5:] }} {{ (1, 2, 3)[1:] }}
{{ 'a,b,,c'.split(',') }} {{ ' a  b '.split() }} {{ 'a b c'.split(' ', 1) }} {{ ' a b c '.split(none, 1) }} {{ 'a,b,c'.rsplit(',', 1) }} {{ ''.split(',') }} {{ ''.split() }}
{{ '  x '.strip() }}| {{ 'xxaxx'.strip('x') }} {{ 'xxaxx'.lstrip('x') }} {{ 'xxaxx'.rstrip('x') }} {{ 'abcab'.strip('ab') }}
{{ 'abc'.startswith('ab') }} {{ 'abc'.endswith(('x', 'bc')) }} {{ 'abc'.find('c') }} {{ 'abc'.find('z') }} {{ 'aXbX'.count('X') }} {{ 'abc'.index('b') }}
{{ 'abc'.upper() }} {{ 'ABC'.lower() }} {{ 'hello wORLD'.title() }} {{ 'hello wORLD'.capitalize() }} {{ "they're bill's".title() }} {{ 'straße'.upper() }} {{ 'ÀΣ'.lower() }}
{{ 'aaa'.replace('a', 'b') }} {{ 'aaa'.replace('a', 'b', 2) }} {{ 'ab'.replace('', '-') }} {{ 'x' | replace('x', 'y') }}
{{ ', '.join(['a', 'b']) }} {{ 'a\nb\r\nc\x0bd'.splitlines() }} {{ 'a-b-c'.partition('-') }} {{ 'a-b-c'.rpartition('-') }} {{ 'abc'.removeprefix('a').removesuffix('c') }}
{{ '12'.isdigit() }} {{ 'a1'.isalnum() }} {{ 'a1'.isalpha() }} {{ ' '.isspace() }} {{ 'A'.isupper() }} {{ 'a'.islower() }} {{ ''.isdigit() }}
{{ '%s and %d and %.2f and %5d|%-5s|%05d and %r %%' % ('a', 3, 1.5, 7, 'x', 42, 'q') }} {{ '%s' % 'x' }} {{ '%(a)s' % {'a': 1} }}
{{ '%s' % ('a', 'b') }}
{{ '%d' % 'x' }}
{{ '{} {} {{}}'.format(1, 'a') }} {{ '{0} {x} {0}'.format('p', x=2) }} {{ '%s-%s' | format('a', 'b') }} {{ '%(x)s' | format(x=1) }}
{{ [1, 2] | tojson }} {{ {'a': none, 'b': true, 'c': 1.0, 'd': 'é"\n</s>'} | tojson }} {{ {'b': 1, 'a': 2} | tojson(sort_keys=true) }} {{ 'é\u2028' | tojson(ensure_ascii=true) }}
{{ {'a': [1, {'b': 2}], 'c': {}, 'd': []} | tojson(indent=2) }} {{ [1, 2] | tojson(separators=(',', ':')) }} {{ {1: 2} | tojson }}
{{ [3, 1, 2] | sort }} {{ ['b', 'A', 'c'] | sort }} {{ ['b', 'A'] | sort(case_sensitive=true) }} {{ [1, 2] | sort(reverse=true) }} {{ [{'a': 2}, {'a': 1}] | sort(attribute='a') }}
{{ {'b': 1, 'A': 2} | dictsort }} {{ {'b': 1, 'a': 2} | dictsort(false, 'value') }} {{ {'b': 1, 'a': 2} | dictsort(reverse=true) }} {{ {'a': 1} | items | list }}
{{ [1, 2, 3] | first }} {{ [1, 2, 3] | last }} {{ [] | first }} {{ [1, 2] | length }} {{ [1, 2] | count }} {{ 'abc' | list }} {{ 'abc' | reverse }} {{ [1, 2] | reverse | list }}
{{ [1, 2, 3] | sum }} {{ [1, 5, 3] | max }} {{ [4, 2] | min }} {{ ['a', 'B'] | max }} {{ [{'n': 1}, {'n': 2}] | sum(attribute='n') }} {{ [1, 1, 2, 'a', 'A'] | unique | list }}
{{ [1, 2, 3] | map('string') | list }} {{ ['a', 'b'] | map('upper') | join }} {{ [{'a': 1}, {}] | map(attribute='a', default=0) | list }} {{ [{'a': {'b': 1}}] | map(attribute='a.b') | list }}
{{ [0, 1, 2] | select | list }} {{ [0, 1, 2, 3] | select('odd') | list }} {{ [1, 2, 3] | reject('equalto', 2) | list }} {{ [{'a': 1}, {'a': 0}] | selectattr('a') | list }} {{ [1, 2, 3] | select('gt', 1) | list }}
{{ 'abc def' | title }} {{ 'foo-bar (baz) <q' | title }} {{ 'ABC' | capitalize }} {{ 'a b c' | wordcount }} {{ '  a ' | trim }}| {{ 'xax' | trim('x') }}
{{ '42' | int }} {{ 'x' | int }} {{ 'x' | int(7) }} {{ 3.9 | int }} {{ '3.7' | int }} {{ '1.5' | float }} {{ 'x' | float }} {{ -3 | abs }} {{ 2.5 | round }} {{ 3.14159 | round(2) }} {{ 2.1 | round(0, 'ceil') }} {{ 'ff' | int(0, 16) }}
{{ 'a\nb\n\nc' | indent }} {{ 'a\nb' | indent(2, true) }} {{ 'a\n\nb' | indent('> ', blank=true) }}
{{ 1 is number }} {{ true is number }} {{ 1.5 is float }} {{ 1 is integer }} {{ true is integer }} {{ true is boolean }} {{ 1 is true }} {{ true is true }} {{ false is false }} {{ none is none }}
{{ 'x' is string }} {{ {} is mapping }} {{ [] is sequence }} {{ 'x' is sequence }} {{ {} is sequence }} {{ [] is iterable }} {{ 1 is iterable }} {{ missing is iterable }} {{ missing is string }} {{ missing is none }}
{{ 3 is odd }} {{ 4 is even }} {{ 9 is divisibleby 3 }} {{ 1 is eq 1 }} {{ 1 is ne(2) }} {{ 2 is gt 1 }} {{ 1 is in [1] }} {{ 'a' is lower }} {{ 'A' is upper }} {{ 1 is not defined }} {{ x is not defined }}
{% set x = 1 %}{% if true %}{% set x = 2 %}{% endif %}{{ x }}{% for i in [1, 2] %}{% set x = x + i %}{{ x }}{% endfor %}{{ x }}
{% set a, b = 1, 2 %}{{ a }}{{ b }}{% set t = 1, 2 %}{{ t }}{% for k, v in {'x': 1, 'y': 2}.items() %}{{ k }}={{ v }};{% endfor %}{% for a, (b, c) in [(1, (2, 3))] %}{{ a + b + c }}{% endfor %}
{% set a, b = [1] %}
{% set ns = namespace(n=0, s='') %}{% for i in range(4) %}{% set ns.n = ns.n + i %}{% set ns.s = ns.s ~ i %}{% endfor %}{{ ns.n }}{{ ns.s }}{{ ns.missing is defined }}
{% set x.y = 1 %}
{% set x %}a{{ 1 }}b{% endset %}{{ x }}{% set y | upper | trim %} abc {% endset %}{{ y }}
{% for i in [1, 2, 3] %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }}{{ loop.length }}{{ loop.previtem }}{{ loop.nextitem }}{{ loop.cycle('a', 'b') }}{{ loop.changed(i // 2) }} {% endfor %}
{% for i in range(10) %}{% if i == 2 %}{% continue %}{% endif %}{% if i > 4 %}{% break %}{% endif %}{{ i }}{% endfor %}
{% for i in range(3) %}{% for j in range(i) %}{{ i }}{{ j }}{{ loop.index }} {% endfor %}{{ loop.index }};{% endfor %}{{ loop is defined }}
{% for i in [1, 2, 3, 4] if i is even %}{{ i }}{{ loop.length }}{% endfor %}{% for x in [] %}{% else %}empty{% endfor %}{% for c in 'né' %}{{ c }}.{% endfor %}{% for k in {'a': 1, 'b': 2} %}{{ k }}{% endfor %}
{% for n in [{'v': 1, 'c': [{'v': 2, 'c': []}]}] recursive %}{{ n.v }}@{{ loop.depth }}[{{ loop(n.c) }}]{% endfor %}
{% macro m(a, b=2, c=a) %}{{ a }}-{{ b }}-{{ c }};{% endmacro %}{{ m(1) }}{{ m(1, 3) }}{{ m(b=5, a=4) }}{{ m() }}
{% macro m(a) %}{{ a }}{{ varargs }}{{ kwargs }}{% endmacro %}{{ m(1, 2, 3, x=4) }}
{% macro m(a) %}{{ a }}{% endmacro %}{{ m(1, 2) }}
{% macro m(a) %}{{ a }}{% endmacro %}{{ m(b=1) }}
{% macro m() %}<{{ caller() }}>{% endmacro %}{% call m() %}in{{ 1 }}{% endcall %}{% macro n(x) %}{{ caller(x, 2) }}{% endmacro %}{% call(a, b) n(1) %}{{ a }}{{ b }}{% endcall %}
{% macro f(n) %}{% if n > 0 %}{{ n }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(5) }}{% set g = 7 %}{% macro h() %}{{ g }}{% endmacro %}{% set g = 8 %}{{ h() }}
{% with a = 1, b = 2 %}{{ a }}{{ b }}{% set c = 3 %}{% endwith %}{{ a }}{{ c }}
{% filter upper %}abc {{ 'd' }}{% endfilter %}{% generation %}{% set z = 1 %}g{{ z }}{% endgeneration %}{{ z }}
{% raw %}{{ x }} {% if %}{% endraw %} {# a comment {{ x }} #}after
{{ range(3) | list }} {{ range(1, 4) | list }} {{ range(5, 0, -2) | list }} {{ dict(a=1, b=2) }} {{ dict([('x', 1)]) }} {{ dict({'p': 1}, q=2) }}
{{ range(100001) | list | length }}
{{ strftime_now('%d %b %Y') }} {{ strftime_now('%A, %B %d, %Y %H:%M:%S %j %y %m %p %I %a %u %w %%') }} {{ strftime_now('%-d %-m') }}
{{ raise_exception('no ' ~ 1) }}
{{ 'x'.__class__ }}|{{ ''.__class__.__mro__ }}
{{ [].append(1) }}
{{ {}.update({'a': 1}) }}
{{ raise_exception.__globals__ }}|{{ namespace(a=1).__dict__ }}
{{ namespace(__init__=1) }}
{% include 'x' %}
{% import 'x' as y %}{{ y }}
{% if false %}{% include 'x' %}{% endif %}fine
{% if false %}{{ 1 | nofilter }}{% endif %}fine
{{ 1 | nofilter }}
{{ 1 is notest }}
{{ none | length }}
{{ 1 / 0 }}
{{ 'a' + 1 }}
{{ [1] + 'a' }}
{{ none.x }}|{{ 1.x }}
{{ none + 1 }}
{{ 'a' < 1 }}
{{ 1 in none }}
{{ 1('x') }}
{% for %}{% endfor %}
{% if %}{% endif %}
{{ }}
{{ 1 + }}
{{ 'a }}
{% unknown %}
{% if true %}
{{ (1 }}
{{ [1}] }}
{% endif %}
{{ 1 2 }}
{{ {'a' 1} }}
{{ f(a=1, 2) }}
{% break %}
{% set true = 1 %}
{{ x is defined is defined }}
{{ [1, 2, ] }}{{ {'a': 1, } }}{{ (1, ) }}{{ () }}{{ 1, 2 }}
{{ {'a': 1} == {'a': 1.0} }} {{ [] == () }} {{ 'a' == none }} {{ none == none }} {{ 1 != 2 }} {{ [1, [2]] == [1, [2]] }}
{{ "a" if missing else "b" }}{{ "a" if "" else "b" }}{{ "a" if [] else "b" }}{{ "a" if {} else "b" }}{{ "a" if 0.0 else "b" }}{{ "a" if namespace() else "b" }}
{{ bos_token }}{{ eos_token }}{{ bos_token is defined }}{{ tools }}{{ documents is none }}{{ add_generation_prompt }}{{ unk_token is defined }}{{ date_string is defined }}
{{ 1if true else 2 }} {{ 'a'if false else'b' }} {{ not 1 == 2 }} {{ -1 | abs }} {{ (-1) | abs }} {{ 2 * 3 | string }} {{ '%d' % 3 | abs }} {{ 'a' ~ 'b' | upper }}
{{ ('a', 'b') | join('-') }} {{ [1, none, 'x'] | join(',') }} {{ [{'n': 'p'}] | join(',', attribute='n') }} {{ 'abc' | join('-') }} {{ [] | join }}
{{ 'x' | safe }}{{ 5 | string + '5' }}{{ none | string }}{{ true | lower }}{{ 1.0 | string }}{{ [1] | string }}
{{ {'a': 1} | length }}{{ {'a': 1, 'b': 2} | list }}{{ {'a': 1} | first }}{{ ('x' * 3) | length }}{{ '日本' | length }}{{ '日本'[0] }}
{{ '-5'.zfill(4) }}{{ '%s'.zfill(1) }}{{ 'né'.rjust(4) }}{{ 'ab'.ljust(4, '.') }}{{ 'aÉ'.swapcase() }}{{ 'Straße'.casefold() }}{{ 'a-b_c d%' | wordcount }}
{{ 5 | round }}{{ 15 | round(-1) }}{{ true | round }}{{ 0 | map('upper') | list }}{{ none | select | list }}{{ ['x', 'y'] | sort(attribute='n') }}{{ [(1, 2), (1, 2)] | unique | list }}
{{ 'x' % [] }}{{ 'y%s' % [1, 2] }}{{ 'z' % missing }}{{ missing is callable }}{{ {(1, 'a'): 2}[(1, 'a')] }}
{{ [1] | indent }}
{{ messages[0][1:] }}
{{ 0 ** -1 }}
{{ [[1, 'a'], [2, 'b']] | map('last') | list }}{{ ['a b', 'c'] | map('replace', ' ', '_') | list }}{{ [1, 2] | map('float') | sum }}
""".strip("\n").split("\n")

# White space around tags; \n stands in them as such.
SPACES = [
    "a\n{% if true %}\nb\n{% endif %}\nc", "  {% if true %}  \n  b\n  {% endif %}  \nc", "a {%- if true -%} b {%- endif -%} c", "  {{- 1 -}}  x", "  {{ 1 }}  \n x",
    "a\n  {%+ if true %}\n  b{%+ endif %}\n", "a\n  {# c #}\n  b {# c -#}\n\n  d {#- c #} e", "{% if true +%}\na{% endif %}", "a\n\n", "a\n", "\n\na", "{{ 'x' }}\n", "{% set x = 1 %}\n\n{{ x }}\n\n",
    "\t{% for i in [1, 2] %}\n\t\t{{ i }}\n\t{% endfor %}\n", "a\r\n  {% if true %}\r\nb\r{% endif %}\r\nc\r\n", "  {% raw %}\n  {{ x }}\n  {% endraw %}\n  y", "{%- raw -%}\n  z  {%- endraw -%}\n  y", "x {% raw %} a {%- endraw +%}\nb",
    "{{'}}'}} {{ \"{{\" }} {{ {'a': {'b': 1}}['a']['b'] }}", "{% if '%}' %}p{% endif %}", "{{\n1\n+\n2\n}}", "{%-if true-%}a{%-endif-%}", "{#- a -#} {#+ b +#}\nc", "é {%- set x='é' %}\u00a0{{- x }}",
]

def render(template, **variables):
    try:
        return template.render(tools=None, documents=None, bos_token="<s>", eos_token="</s>", **variables)
    except jinja2.exceptions.TemplateRuntimeError:
        return None
    except jinja2.exceptions.TemplateError as e:
        return {"raises": e.message} if type(e) is jinja2.exceptions.TemplateError else None
    except Exception:
        return None

def case(source):
    try:
        template = utils._compile_jinja_template(source)
    except (jinja2.exceptions.TemplateError, SyntaxError):
        return {"source": source, "rendered": [None]}
    conversations = CONVERSATIONS if "messages" in source else [[]]
    return {"source": source, "rendered": [render(template, messages=copy.deepcopy(c), add_generation_prompt=p) for c in conversations for p in ((False, True) if "messages" in source else (False,))]}

def more():
    for folder in sys.argv[1:]:
        for path in sorted(glob.glob(os.path.join(folder, "*.jinja"))):
            with open(path, newline="") as f: yield f.read()

cases = [case(s) for s in [*TEMPLATES, *SNIPPETS, *SPACES, *more()]]
sys.stdout.write('{"conversations": ' + json.dumps(CONVERSATIONS) + ', "cases": [\n' + ",\n".join(json.dumps(c) for c in cases) + "\n]}\n")
