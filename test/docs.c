/* docs.c - the manual page and the shell's completion, from the tables that the command line is parsed with:
 *	docs man | docs bash
 * The whole program is included; built and run by the host's compiler when the program is installed.          */
#define main runtime_main
#include "../runtime.c"
#undef main

/* Text for roff: no line starts with a dot or a quote, dashes are dashes. */
static void roff(const char *s)
{
	for (; *s; s++)
		printf(*s == '-' ? "\\-" : *s == '\\' ? "\\e" : "%c", *s);
}

static void man_options(const struct option_row *o)
{
	for (; o->name; o++) {
		if (!o->help)
			continue;
		printf(".TP\n\\fB");
		if (o->letter)
			printf("\\-%c\\fR, \\fB", o->letter);
		roff("--");
		roff(o->name);
		printf("\\fR");
		if (o->value)
			printf(" \\fI%s\\fR", o->value);
		printf("\n\\&");
		roff(o->help);
		printf("\n");
	}
}

static void man(void)
{
	printf(".TH RUNTIME 8 \"\" \"runtime " VERSION "\" \"System Administration\"\n.SH NAME\n"
	       "runtime \\- run containers as the Open Container Initiative specifies\n.SH SYNOPSIS\n"
	       ".B runtime\n[\\fIglobal options\\fR] \\fIcommand\\fR [\\fIoptions\\fR] [\\fIarguments\\fR]\n"
	       ".SH DESCRIPTION\nA container is made from a bundle: a directory with config.json and a root\n"
	       "file system, as runtime\\-spec " SPEC_VERSION " describes.  Options take one dash or two, their\n"
	       "value after a blank or an equals sign.\n.SH GLOBAL OPTIONS\n");
	man_options(global_options);
	printf(".SH COMMANDS\n");
	for (const struct command *c = commands; c->name; c++) {
		printf(".SS \"");
		roff(c->name);
		printf(*c->operands ? " " : "");
		roff(c->operands);
		printf("\"\n\\&");
		roff(c->help);
		printf(".\n");
		man_options(c->options);
	}
	printf(".SH EXIT STATUS\n0 on success, 1 on failure, 255 if \\fBexec\\fR fails before its process runs;\n"
	       "in the foreground \\fBrun\\fR and \\fBexec\\fR end with the status of the process, 128 + n after signal n.\n"
	       ".SH FILES\n.TP\n.I /run/runtime\nstate of containers, unless \\fB\\-\\-root\\fR names another directory\n"
	       ".TP\n.I config.json\nin the bundle: what the container is to be\n");
}

static void bash_options(const struct option_row *o)
{
	for (; o->name; o++)
		if (o->help)
			printf(" --%s", o->name);
}

static void bash_values(const struct option_row *o)
{
	for (; o->name; o++)
		if (o->help && o->value)
			printf("--%s|", o->name);
}

static void bash(void)
{
	printf("# completion for runtime, made from its own tables\n_runtime()\n{\n"
	       "\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} root= command= i words=\n"
	       "\tfor ((i = 1; i < COMP_CWORD; i++)); do\n\t\tcase ${COMP_WORDS[i]} in\n"
	       "\t\t--root) root=\"--root ${COMP_WORDS[++i]}\" ;;\n\t\t");
	bash_values(global_options);
	printf("-) i=$((i + 1)) ;;\n\t\t-*) ;;\n\t\t*) command=${COMP_WORDS[i]}; break ;;\n\t\tesac\n\tdone\n"
	       "\tcase $command:$cur in\n\t:-*) words='");
	bash_options(global_options);
	printf("' ;;\n\t:*) words='");
	for (const struct command *c = commands; c->name; c++)
		printf(" %s", c->name);
	printf("' ;;\n");
	for (const struct command *c = commands; c->name; c++) {
		printf("\t%s:-*) words='", c->name);
		bash_options(c->options);
		printf("' ;;\n");
	}
	printf("\tesac\n\tcase $prev in\n\t-f|--format) words='table json' ;;\n"
	       "\t--log-format) words='text json' ;;\n\tesac\n");
	printf("\tcase $command in\n\t");
	for (const struct command *c = commands; c->name; c++)
		if (strstr(c->operands, "<container-id>") && !str_eq(c->name, "create") &&
		    !str_eq(c->name, "run"))
			printf("%s|", c->name);
	printf("-) [[ -n $words ]] || words=$(${COMP_WORDS[0]} $root list -q 2>/dev/null) ;;\n\tesac\n"
	       "\tCOMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
	       "\t[[ -n $words ]] || COMPREPLY=($(compgen -f -- \"$cur\"))\n}\n"
	       "complete -o filenames -F _runtime runtime\n");
}

int main(int argc, char **argv)
{
	if (argc == 2 && str_eq(argv[1], "man"))
		man();
	else if (argc == 2 && str_eq(argv[1], "bash"))
		bash();
	else
		return 1;
	return fflush(stdout) || ferror(stdout);
}
