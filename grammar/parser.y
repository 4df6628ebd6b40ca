/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The grammar of the routing language (language.md 3 to 5). Actions only build nodes. There is no error
 * production: the parser stops at the first token that does not fit, says where and what would, and
 * compiler/parse/repair.c mends the tokens and parses on from the item.
 */
%define api.pure full
%define api.prefix {kiln_parse_}
%define parse.error custom
%define parse.lac full
%locations
%define api.location.type {struct loc}
%param {struct parser *ps}
%expect 0

%code requires {
#include "parse/parse_priv.h"

union kiln_parse_value {
	struct token tok;
	struct ast *node;
	struct chain chain;
	int64_t num;
};
}
%define api.value.type {union kiln_parse_value}

%code {
#include "abi/program.h"

#define YYLLOC_DEFAULT(cur, rhs, n)                                                                \
	((cur) = (n) ? loc_join(YYRHSLOC(rhs, 1), YYRHSLOC(rhs, n)) : YYRHSLOC(rhs, 0))

static int kiln_parse_lex(union kiln_parse_value *v, struct loc *l, struct parser *ps);
static void kiln_parse_error(struct loc *l, struct parser *ps, const char *msg);

/* A form that is a syntax error in 5.6. */
static void needs_six(struct parser *ps, struct loc l, const char *what)
{
	if (ps->pp->compat != 6)
		parse_error_at(ps, l, "syntax error, %s needs the language of 6.x (--compat=6)", what);
}

#define MK(kind, l) mk(ps, AST_##kind, (l))
#define TXT(kind, l, t) mk_text(ps, AST_##kind, (l), (t))
#define BIN(o, l, a, b) mk_binary(ps, OP_##o, (l), (a), (b))
}

%token T_END 0 "end of file"
%token T_IF "if" T_ELSE "else" T_WHILE "while" T_SWITCH "switch" T_CASE "case" T_DEFAULT "default" T_BREAK "break"
%token <tok> T_RETURN "return, exit or drop"
%token <tok> T_ROUTE "route" T_ROUTE_MAIN "request_route or reply_route" T_ROUTE_KIND "a route kind" T_ROUTE_EVENT "event_route"
%token <tok> T_EVENT_NAME "event name" T_NUMBER "number" T_STRING "string" T_ID "name" T_NUM_ID "malformed number"
%token <tok> T_PV "variable" T_SELECT "select" T_SERATTR "attribute" T_IP4 "IPv4 address" T_IP6 "IPv6 address"
%token <tok> T_PROTO "protocol" T_CORE "core operand" T_URIPART "uri part" T_ACTION "core action" T_GLOBAL "core parameter"
%token <tok> T_FLAGS "flags" T_LOADMODULE "loadmodule" T_LOADPATH "loadpath" T_MODPARAM "modparam"
%token <tok> T_NAME "name keyword" T_VIRTUAL "virtual" T_ADVERTISE "advertise"
%token T_CFGENGINE "cfgengine" T_DESC "desc" T_LISTEN "listen" T_ALIAS "alias"
%token T_SOCKET "socket" T_COREPARAM "coreparam" T_MYSELF "myself" T_UNUSED "unused word"
%token T_DEFINED "defined" T_STRLEN "strlen" T_STREMPTY "strempty" T_SELVAL "selval"
%token T_CASTINT "(int)" T_CASTSTR "(str)" T_PLUSEQ "+="
%token T_OR "||" T_AND "&&" T_EQ "==" T_NE "!=" T_MATCH "=~" T_SEQ "eq" T_SNE "ne" T_IEQ "ieq" T_INE "ine"
%token T_LE "<=" T_GE ">=" T_SHL "<<" T_SHR ">>" T_MOD "mod" T_NOT "!"

%precedence LOW
%precedence T_ELSE
%precedence T_ID /* another label or address goes before a new item, as in the reference */
%left T_OR
%left T_AND
%left '|'
%left '&'
%left '^'
%left T_SHL
%left T_SHR
%left T_EQ T_NE T_MATCH T_SEQ T_SNE T_IEQ T_INE
%left '<' '>' T_LE T_GE
%left '+' '-'
%left '*' '/' T_MOD
%precedence T_NOT '~' NEG
%precedence T_DEFINED
%precedence T_CASTINT T_CASTSTR

%type <node> item param listen socket attr flag module route action call assign ret if while switch case
%type <node> expr primary coreop corerhs value sockid listenid advertise hostname idhost carg label kind_name
%type <chain> sockids idlist attrs flaglist actions stm args exprs cargs cases block cactions
%type <num> intno portno
%type <tok> name anyname vname

%%

script:
	%empty
	| script item { ps->items = chain_add(ps->items, $2); ps->done = ps->at - (yychar > 0); }
	| script ';'
	;

item: param | listen | socket | module | route;

/* ---- core parameters, custom globals ---- */

value:
	intno         { $$ = mk_num(ps, @$, $1, 0); $$->aux = 0; $$->sub = $1 < 0; }
	| T_STRING    { $$ = TXT(STR, @1, $1.text); $$->sub = (int32_t)$1.num; }
	| T_ID        { $$ = TXT(ID, @1, $1.text); }
	| T_PROTO     { $$ = TXT(ID, @1, $1.text); $$->num = $1.num; }
	| T_IP4       { $$ = TXT(IP, @1, $1.text); }
	| T_IP6       { $$ = TXT(IP, @1, $1.text); }
	| hostname
	;

intno: T_NUMBER { $$ = $1.num; } | '-' T_NUMBER { $$ = -$2.num; };

param:
	T_GLOBAL '=' value        { $$ = TXT(PARAM, @$, $1.text); $$->kid[0] = $3; }
	| T_ACTION '=' value      { $$ = TXT(PARAM, @$, $1.text); $$->kid[0] = $3; }
	| T_COREPARAM '[' anyname ']' '=' value { $$ = TXT(COREPARAM, @$, $3.text); $$->kid[0] = $6; }
	| T_ID '.' vname '=' value cfgdesc_opt {
		$$ = TXT(CFGVAR, @$, $1.text);
		$$->kid[0] = TXT(ID, @3, $3.text);
		$$->kid[1] = $5;
		$$->kid[2] = $<node>6;
		$$->num = -1;
	}
	| T_ID '[' T_NUMBER ']' '.' vname '=' value cfgdesc_opt {
		$$ = TXT(CFGVAR, @$, $1.text);
		$$->kid[0] = TXT(ID, @6, $6.text);
		$$->kid[1] = $8;
		$$->kid[2] = $<node>9;
		$$->num = $3.num;
	}
	;

vname: T_ID | T_DEFAULT { $$.text = S("default"); $$.num = 0; };

cfgdesc_opt:
	%empty             { $<node>$ = NULL; }
	| T_DESC T_STRING  { $<node>$ = TXT(STR, @2, $2.text); }
	;

/* ---- sockets ---- */

listen:
	T_LISTEN '=' sockids advertise_opt name_opt virtual_opt {
		$$ = TXT(LISTEN, @$, $<tok>5.text);
		$$->kid[0] = $3.head;
		$$->kid[1] = $<node>4;
		$$->num = $<num>6;
	}
	| T_ALIAS '=' sockids %prec LOW { $$ = MK(ALIAS, @$); $$->kid[0] = $3.head; }
	;

advertise_opt: %empty %prec LOW { $<node>$ = NULL; } | T_ADVERTISE advertise { $<node>$ = $2; };
name_opt: %empty %prec LOW { $<tok>$.text = STR_NULL; } | T_NAME T_STRING { $<tok>$ = $2; };
virtual_opt: %empty %prec LOW { $<num>$ = 0; } | T_VIRTUAL { $<num>$ = 1; };

advertise:
	listenid                            { $$ = $1; }
	| listenid ':' T_NUMBER             { $$ = $1; $$->num = $3.num; }
	| T_PROTO ':' listenid              { $$ = $3; $$->op = (int32_t)$1.num; }
	| T_PROTO ':' listenid ':' T_NUMBER { $$ = $3; $$->op = (int32_t)$1.num; $$->num = $5.num; }
	;

sockids: sockid { $$ = chain_of($1); } | sockids sockid { $$ = chain_add($1, $2); };

sockid:
	listenid                          { $$ = $1; }
	| listenid ':' portno             { $$ = $1; $$->num = $3; $$->loc = @$; }
	| T_PROTO ':' listenid            { $$ = $3; $$->op = (int32_t)$1.num; $$->loc = @$; }
	| T_PROTO ':' listenid ':' portno { $$ = $3; $$->op = (int32_t)$1.num; $$->num = $5; $$->loc = @$; }
	| '*' ':' listenid                { $$ = $3; $$->loc = @$; }
	| '*' ':' listenid ':' portno     { $$ = $3; $$->num = $5; $$->loc = @$; }
	;

portno: T_NUMBER { $$ = $1.num; } | '*' { $$ = AST_PORT_ANY; };

listenid:
	T_IP4            { $$ = TXT(SOCKID, @1, $1.text); $$->sub = AST_HOST_IP; }
	| T_IP6          { $$ = TXT(SOCKID, @1, $1.text); $$->sub = AST_HOST_IP; }
	| '[' T_IP6 ']'  { $$ = TXT(SOCKID, @$, $2.text); $$->sub = AST_HOST_IP; }
	| T_STRING       { $$ = TXT(SOCKID, @1, $1.text); $$->sub = AST_HOST_STRING; }
	| hostname       { $$ = $1; $$->kind = AST_SOCKID; $$->sub = AST_HOST_NAME; }
	| T_ID           { $$ = TXT(SOCKID, @1, $1.text); $$->sub = AST_HOST_NAME; }
	| T_NUM_ID       { $$ = TXT(SOCKID, @1, $1.text); $$->sub = AST_HOST_NAME; }
	| '(' idlist ')' { $$ = MK(SOCKID, @$); $$->kid[0] = $2.head; $$->sub = AST_HOST_LIST; }
	;

idlist: listenid { $$ = chain_of($1); } | idlist ',' listenid { $$ = chain_add($1, $3); };

/* Labels joined by '.' or '-'; at least two. */
hostname:
	hostpart '.' hostpart   { $$ = TXT(HOST, @$, str_printf(ps->arena, STR_FMT "." STR_FMT, STR_ARG($<tok>1.text), STR_ARG($<tok>3.text))); }
	| hostpart '-' hostpart { $$ = TXT(HOST, @$, str_printf(ps->arena, STR_FMT "-" STR_FMT, STR_ARG($<tok>1.text), STR_ARG($<tok>3.text))); }
	| hostname '.' hostpart { $$ = $1; $$->text = str_printf(ps->arena, STR_FMT "." STR_FMT, STR_ARG($1->text), STR_ARG($<tok>3.text)); $$->loc = @$; }
	| hostname '-' hostpart { $$ = $1; $$->text = str_printf(ps->arena, STR_FMT "-" STR_FMT, STR_ARG($1->text), STR_ARG($<tok>3.text)); $$->loc = @$; }
	;

hostpart: T_ID { $<tok>$ = $1; } | T_NUM_ID { $<tok>$ = $1; } | T_NUMBER { $<tok>$ = $1; };

/* In actions and comparisons labels are names only. */
idhost:
	T_ID '.' T_ID     { $$ = TXT(HOST, @$, str_printf(ps->arena, STR_FMT "." STR_FMT, STR_ARG($1.text), STR_ARG($3.text))); }
	| idhost '.' T_ID { $$ = $1; $$->text = str_printf(ps->arena, STR_FMT "." STR_FMT, STR_ARG($1->text), STR_ARG($3.text)); $$->loc = @$; }
	;

socket: T_SOCKET '=' '{' attrs '}' { $$ = MK(SOCKET, @$); $$->kid[0] = $4.head; };

attrs: %empty { $$ = (struct chain){0}; } | attrs attr { $$ = chain_add($1, $2); } | attrs ';';

attr:
	anyname '=' sockid              { $$ = TXT(ATTR, @$, $1.text); $$->kid[0] = $3; }
	| anyname '=' listenid ':' T_NUMBER '-' T_NUMBER { $$ = TXT(ATTR, @$, $1.text); $$->kid[0] = $3; $3->num = $5.num; $$->num = $7.num; }
	| anyname '=' T_PROTO ':' listenid ':' T_NUMBER '-' T_NUMBER {
		$$ = TXT(ATTR, @$, $1.text);
		$$->kid[0] = $5;
		$5->op = (int32_t)$3.num;
		$5->num = $7.num;
		$$->num = $9.num;
	}
	| anyname '=' T_NUMBER          { $$ = TXT(ATTR, @$, $1.text); $$->kid[0] = mk_num(ps, @3, $3.num, 0); }
	;

anyname: T_ID | T_NAME | T_VIRTUAL | T_ADVERTISE | T_GLOBAL | T_STRING;

/* ---- declarations ---- */

module:
	T_LOADMODULE T_STRING                            { $$ = TXT(LOADMODULE, @$, $2.text); $$->op = (int32_t)$1.num; }
	| T_LOADMODULE '(' T_STRING ')'                  { needs_six(ps, @2, "loadmodule(...)"); $$ = TXT(LOADMODULE, @$, $3.text); $$->op = (int32_t)$1.num; }
	| T_LOADMODULE '(' T_STRING ',' T_STRING ')'     { needs_six(ps, @2, "loadmodule(...)"); $$ = TXT(LOADMODULE, @$, $3.text); $$->op = (int32_t)$1.num; $$->kid[0] = TXT(STR, @5, $5.text); }
	| T_LOADPATH T_STRING                            { $$ = TXT(LOADPATH, @$, $2.text); }
	| T_LOADPATH '=' T_STRING                        { $$ = TXT(LOADPATH, @$, $3.text); }
	| T_CFGENGINE T_STRING                           { $$ = TXT(CFGENGINE, @$, $2.text); }
	| T_CFGENGINE '=' T_STRING                       { $$ = TXT(CFGENGINE, @$, $3.text); }
	| T_MODPARAM '(' T_STRING ',' T_STRING ',' value ')' {
		$$ = MK(MODPARAM, @$);
		$$->op = (int32_t)$1.num;
		$$->kid[0] = TXT(STR, @3, $3.text);
		$$->kid[1] = TXT(STR, @5, $5.text);
		$$->kid[2] = $7;
		if ($7->kind != AST_INT && $7->kind != AST_STR)
			parse_error_at(ps, @7, $7->kind == AST_ID ? STR_FMT " is not defined here; a module parameter is a number or a string"
								  : STR_FMT " is neither a number nor a string", STR_ARG($7->text));
	}
	| T_FLAGS flaglist { $$ = MK(FLAGS, @$); $$->op = (int32_t)$1.num; $$->kid[0] = $2.head; }
	;

flaglist: flag { $$ = chain_of($1); } | flaglist ',' flag { $$ = chain_add($1, $3); };

flag:
	T_ID                     { $$ = TXT(FLAG, @$, $1.text); $$->num = -1; }
	| T_STRING               { $$ = TXT(FLAG, @$, $1.text); $$->num = -1; }
	| T_ID ':' T_NUMBER      { $$ = TXT(FLAG, @$, $1.text); $$->num = $3.num; }
	| T_STRING ':' T_NUMBER  { $$ = TXT(FLAG, @$, $1.text); $$->num = $3.num; }
	;

/* ---- routes ---- */

name: T_ID | T_STRING | T_NUMBER { $$ = $1; $$.text = str_printf(ps->arena, "%lld", (long long)$1.num); };

kind_name: %empty { $$ = NULL; } | '[' name ']' { $$ = TXT(ID, @2, $2.text); };

route:
	T_ROUTE_MAIN block {
		$$ = TXT(ROUTE, @1, S(""));
		$$->op = (int32_t)$1.num;
		$$->sub = 1;
		$$->kid[0] = $2.head;
	}
	| T_ROUTE kind_name block {
		bool zero = $2 && str_eq($2->text, S("0"));

		$$ = TXT(ROUTE, $2 ? loc_join(@1, @2) : @1, $2 && !zero ? $2->text : S(""));
		$$->op = $2 && !zero ? ROUTE_SUB : ROUTE_REQUEST;
		$$->sub = zero ? 2 : 0;
		$$->kid[0] = $3.head;
	}
	| T_ROUTE_KIND kind_name block {
		bool zero = !$2 || str_eq($2->text, S("0"));

		$$ = TXT(ROUTE, $2 ? loc_join(@1, @2) : @1, $2 ? $2->text : S(""));
		$$->op = (int32_t)$1.num;
		if ($$->op == ROUTE_ONREPLY && zero) {
			$$->op = ROUTE_CORE_REPLY;
			$$->text = S("");
		} else if (zero && $$->op != ROUTE_ONSEND) {
			$$->text = S("0");
		}
		$$->kid[0] = $3.head;
	}
	| T_ROUTE_EVENT T_EVENT_NAME block {
		$$ = TXT(ROUTE, loc_join(@1, @2), $2.text);
		$$->op = ROUTE_EVENT;
		$$->kid[0] = $3.head;
	}
	;

block:
	'{' actions '}'   { $$ = $2; if (!$$.head) $$ = chain_of(MK(EMPTY, @$)); }
	;

/* ---- statements ---- */

actions:
	action            { $$ = chain_of($1); }
	| actions action  { $$ = chain_add($1, $2); }
	;

stm:
	action             { $$ = chain_of($1); }
	| '{' actions '}'  { $$ = $2; }
	;

action:
	';'                { $$ = MK(EMPTY, @1); }
	| call ';'         { $$ = $1; }
	| assign ';'       { $$ = $1; }
	| ret ';'          { $$ = $1; }
	| if | while | switch
	;

call:
	T_ID '(' args ')'      { $$ = TXT(CALL, @$, $1.text); $$->kid[0] = $3.head; }
	| T_ROUTE '(' expr ')' { $$ = TXT(CALL, @$, S("route")); $$->op = 1; $$->kid[0] = $3; }
	| T_ROUTE '(' T_ID ')' { $$ = TXT(CALL, @$, S("route")); $$->op = 1; $$->kid[0] = TXT(ID, @3, $3.text); }
	| T_ACTION             { $$ = TXT(CALL, @$, $1.text); $$->op = 1; $$->sub = 1; }
	| T_ACTION '(' cargs ')' { $$ = TXT(CALL, @$, $1.text); $$->op = 1; $$->kid[0] = $3.head; }
	;

args: %empty { $$ = (struct chain){0}; } | exprs;
exprs: expr { $$ = chain_of($1); } | exprs ',' expr { $$ = chain_add($1, $3); };

cargs:
	%empty            { $$ = (struct chain){0}; }
	| carg            { $$ = chain_of($1); }
	| cargs ',' carg  { $$ = chain_add($1, $3); }
	;

/* What a core action takes beside expressions. */
carg:
	expr
	| T_ID                { $$ = TXT(ID, @1, $1.text); }
	| idhost
	| T_IP4               { $$ = TXT(IP, @1, $1.text); }
	| T_IP6               { $$ = TXT(IP, @1, $1.text); }
	| '[' T_IP6 ']'       { $$ = TXT(IP, @$, $2.text); }
	| T_URIPART           { $$ = MK(URIPART, @1); $$->op = (int32_t)$1.num; }
	| T_PROTO             { $$ = mk_num(ps, @1, $1.num, 2); $$->text = $1.text; }
	| T_PROTO ':' listenid              { $$ = $3; $$->op = (int32_t)$1.num; $$->loc = @$; }
	| T_PROTO ':' listenid ':' portno   { $$ = $3; $$->op = (int32_t)$1.num; $$->num = $5; $$->loc = @$; }
	;

assign:
	T_PV '=' expr          { $$ = MK(ASSIGN, @$); $$->kid[0] = TXT(PV, @1, $1.text); $$->kid[0]->sub = (int32_t)$1.num; $$->kid[1] = $3; }
	| T_SERATTR '=' expr   { $$ = MK(ASSIGN, @$); $$->kid[0] = TXT(SERATTR, @1, $1.text); $$->kid[1] = $3; }
	;

ret:
	T_RETURN               { $$ = MK(RETURN, @$); $$->op = (int32_t)$1.num; }
	| T_RETURN '(' ')'     { $$ = MK(RETURN, @$); $$->op = (int32_t)$1.num; $$->sub = 1; }
	| T_RETURN expr        { $$ = MK(RETURN, @$); $$->op = (int32_t)$1.num; $$->kid[0] = $2; }
	| T_BREAK              { $$ = MK(BREAK, @1); }
	;

if:
	T_IF expr stm %prec LOW      { $$ = MK(IF, loc_join(@1, @2)); $$->kid[0] = $2; $$->kid[1] = $3.head; }
	| T_IF expr stm T_ELSE stm   { $$ = MK(IF, loc_join(@1, @2)); $$->kid[0] = $2; $$->kid[1] = $3.head; $$->kid[2] = $5.head; $$->sub = 1; }
	;

while: T_WHILE expr stm { $$ = MK(WHILE, loc_join(@1, @2)); $$->kid[0] = $2; $$->kid[1] = $3.head; };

switch: T_SWITCH expr '{' cases '}' { $$ = MK(SWITCH, loc_join(@1, @2)); $$->kid[0] = $2; $$->kid[1] = $4.head; };

cases: %empty { $$ = (struct chain){0}; } | cases case { $$ = chain_add($1, $2); };

case:
	T_CASE label ':' cactions         { $$ = MK(CASE, loc_join(@1, @2)); $$->kid[0] = $2; $$->kid[1] = $4.head; }
	| T_CASE '/' label ':' cactions   { $$ = MK(CASE, loc_join(@1, @3)); $$->op = AST_CASE_REGEX; $$->kid[0] = $3; $$->kid[1] = $5.head; }
	| T_DEFAULT ':' cactions          { $$ = MK(CASE, @1); $$->op = AST_CASE_DEFAULT; $$->kid[1] = $3.head; }
	;

label: expr;
cactions: %empty { $$ = (struct chain){0}; } | cactions action { $$ = chain_add($1, $2); };

/* ---- expressions ---- */

primary:
	T_NUMBER            { $$ = mk_num(ps, @1, $1.num, 0); $$->text = $1.text; }
	| T_STRING          { $$ = TXT(STR, @1, $1.text); $$->sub = (int32_t)$1.num; }
	| T_PV              { $$ = TXT(PV, @1, $1.text); $$->sub = (int32_t)$1.num; }
	| T_SELECT          { $$ = TXT(SELECT, @1, $1.text); }
	| T_SERATTR         { $$ = TXT(SERATTR, @1, $1.text); }
	| call
	| '(' expr ')'      { $$ = $2; $$->loc = @$; }
	| '(' assign ')'    { $$ = $2; $$->loc = @$; }
	| '{' actions '}'   { $$ = MK(BLOCK, @$); $$->kid[0] = $2.head; }
	| T_STRLEN '(' expr ')'   { $$ = mk_unary(ps, AST_STRLEN, 0, @$, $3); }
	| T_STREMPTY '(' expr ')' { $$ = mk_unary(ps, AST_STREMPTY, 0, @$, $3); }
	| T_SELVAL '(' expr ',' expr ',' expr ')' { $$ = mk_binary(ps, OP_NONE, @$, $3, $5); $$->kind = AST_SELVAL; $$->kid[2] = $7; }
	;

expr:
	primary
	| T_NOT expr              { $$ = mk_unary(ps, AST_UNARY, OP_NOT, @$, $2); }
	| '~' expr                { $$ = mk_unary(ps, AST_UNARY, OP_BNOT, @$, $2); }
	| '-' expr %prec NEG      { $$ = mk_unary(ps, AST_UNARY, OP_NEG, @$, $2); }
	| T_DEFINED expr          { $$ = mk_unary(ps, AST_DEFINED, 0, @$, $2); }
	| T_CASTINT expr          { $$ = mk_unary(ps, AST_CASTINT, 0, @$, $2); }
	| T_CASTSTR expr          { $$ = mk_unary(ps, AST_CASTSTR, 0, @$, $2); }
	| expr T_OR expr          { $$ = BIN(OR, @$, $1, $3); }
	| expr T_AND expr         { $$ = BIN(AND, @$, $1, $3); }
	| expr '|' expr           { $$ = BIN(BOR, @$, $1, $3); }
	| expr '&' expr           { $$ = BIN(BAND, @$, $1, $3); }
	| expr '^' expr           { $$ = BIN(BXOR, @$, $1, $3); }
	| expr T_SHL expr         { $$ = BIN(SHL, @$, $1, $3); }
	| expr T_SHR expr         { $$ = BIN(SHR, @$, $1, $3); }
	| expr T_EQ expr          { $$ = BIN(EQ, @$, $1, $3); }
	| expr T_NE expr          { $$ = BIN(NE, @$, $1, $3); }
	| expr T_MATCH expr       { $$ = BIN(MATCH, @$, $1, $3); }
	| expr T_SEQ expr         { $$ = BIN(SEQ, @$, $1, $3); }
	| expr T_SNE expr         { $$ = BIN(SNE, @$, $1, $3); }
	| expr T_IEQ expr         { $$ = BIN(IEQ, @$, $1, $3); }
	| expr T_INE expr         { $$ = BIN(INE, @$, $1, $3); }
	| expr '<' expr           { $$ = BIN(LT, @$, $1, $3); }
	| expr '>' expr           { $$ = BIN(GT, @$, $1, $3); }
	| expr T_LE expr          { $$ = BIN(LE, @$, $1, $3); }
	| expr T_GE expr          { $$ = BIN(GE, @$, $1, $3); }
	| expr '+' expr           { $$ = BIN(ADD, @$, $1, $3); }
	| expr '-' expr           { $$ = BIN(SUB, @$, $1, $3); }
	| expr '*' expr           { $$ = BIN(MUL, @$, $1, $3); }
	| expr '/' expr           { $$ = BIN(DIV, @$, $1, $3); }
	| expr T_MOD expr         { $$ = BIN(MOD, @$, $1, $3); }
	| coreop T_EQ corerhs     { $$ = BIN(EQ, @$, $1, $3); }
	| coreop T_NE corerhs     { $$ = BIN(NE, @$, $1, $3); }
	| coreop T_MATCH corerhs  { $$ = BIN(MATCH, @$, $1, $3); }
	| coreop '<' expr         { $$ = BIN(LT, @$, $1, $3); }
	| coreop '>' expr         { $$ = BIN(GT, @$, $1, $3); }
	| coreop T_LE expr        { $$ = BIN(LE, @$, $1, $3); }
	| coreop T_GE expr        { $$ = BIN(GE, @$, $1, $3); }
	| T_MYSELF T_EQ coreop    { $$ = BIN(EQ, @$, $3, MK(MYSELF, @1)); }
	| T_MYSELF T_NE coreop    { $$ = BIN(NE, @$, $3, MK(MYSELF, @1)); }
	;

coreop: T_CORE { $$ = MK(CORE, @1); $$->op = (int32_t)$1.num; $$->text = $1.text; };

corerhs:
	expr                  %prec T_EQ
	| T_MYSELF %prec NEG  { $$ = MK(MYSELF, @1); }
	| T_ID                { $$ = TXT(ID, @1, $1.text); }
	| T_PROTO             { $$ = mk_num(ps, @1, $1.num, 2); $$->text = $1.text; }
	| idhost
	| T_IP4 %prec T_EQ    { $$ = TXT(IP, @1, $1.text); }
	| T_IP6 %prec T_EQ    { $$ = TXT(IP, @1, $1.text); }
	| '[' T_IP6 ']'       { $$ = TXT(IP, @$, $2.text); }
	| T_IP4 '/' T_NUMBER  { $$ = TXT(NET, @$, $1.text); $$->num = $3.num; }
	| T_IP4 '/' T_IP4     { $$ = TXT(NET, @$, $1.text); $$->num = -1; $$->kid[0] = TXT(IP, @3, $3.text); }
	| T_IP6 '/' T_NUMBER  { $$ = TXT(NET, @$, $1.text); $$->num = $3.num; }
	| T_IP6 '/' T_IP6     { $$ = TXT(NET, @$, $1.text); $$->num = -1; $$->kid[0] = TXT(IP, @3, $3.text); }
	;

%%

static int kiln_parse_lex(union kiln_parse_value *v, struct loc *l, struct parser *ps)
{
	const struct ptoken *t = parse_next(ps);

	v->tok = t->v;
	*l = t->loc;
	return t->token;
}

/* What the parser says beside syntax errors: its stack is full. */
static void kiln_parse_error(struct loc *l, struct parser *ps, const char *msg)
{
	parse_error_at(ps, *l, "%s", msg);
	ps->fatal = true;
}

/* What could stand here, of the tokens that a repair may put in. */
static int yyreport_syntax_error(const yypcontext_t *ctx, struct parser *ps)
{
	static const struct {
		const char *name;
		uint32_t bit;
	} wanted[] = {{"';'", WANT_SEMICOLON}, {"')'", WANT_PAREN},  {"','", WANT_COMMA},    {"':'", WANT_COLON},
		      {"']'", WANT_BRACKET},   {"'('", WANT_OPEN},   {"number", WANT_VALUE}, {"else", WANT_ELSE}};
	yysymbol_kind_t all[YYNTOKENS];
	int n = ps->trial ? 0 : yypcontext_expected_tokens(ctx, all, YYNTOKENS);

	ps->err.want = 0;
	ps->err.found = yysymbol_name(yypcontext_token(ctx));
	for (int i = 0; i < n; i++)
		for (size_t k = 0; k < sizeof(wanted) / sizeof(wanted[0]); k++)
			if (strcmp(yysymbol_name(all[i]), wanted[k].name) == 0)
				ps->err.want |= wanted[k].bit;
	return 0;
}
