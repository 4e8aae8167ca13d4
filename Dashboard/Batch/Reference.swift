import Base
import Stats
import Watch

/// The text of the man page and of `--list-metrics`. It is made from the same tables as the screens' help and
/// explanations.
package enum Reference {
    package static func metrics() -> String {
        var text = ""
        for metric in Metric.all {
            text +=
                Format.left("\(metric.scope.rawValue) \(metric.name)", 42) + " "
                + Format.left("\(metric.kind), \(metric.unit)", 22) + " " + metric.help + "\n"
        }
        return text
    }

    /// megatop(1) in the language of man(7).
    package static func manual() -> String {
        var text = """
            .TH MEGATOP 1 "" "MegaComet \(Version.text)" "MegaComet"
            .SH NAME
            megatop \\- the dashboard of a MegaComet appliance
            .SH SYNOPSIS
            .B megatop
            [\\fB\\-c\\fR FILE] [\\fB\\-\\-readonly\\fR] [\\fB\\-S\\fR SCREEN] [\\fB\\-s\\fR COLUMN] [\\fB\\-f\\fR \
            FILTER] [\\fB\\-d\\fR SECONDS]
            .br
            .B megatop \\-b
            [\\fB\\-n\\fR N] [\\fB\\-o\\fR text|json|csv|prom]
            .br
            .B megatop \\-\\-shot
            text|json|html|svg [\\fB\\-S\\fR SCREEN] [\\fB\\-\\-size\\fR COLUMNSxLINES]
            .br
            .B megatop \\-\\-check
            .br
            .B megatop
            [\\fB\\-\\-remote\\-command\\fR COMMAND] [\\fB\\-\\-ssh\\fR COMMAND] [USER@]HOST ...
            .SH DESCRIPTION
            megatop shows the connections, queues, deliveries and processes of a running appliance, and commands its \
            processes. It is a client of the
            supervisor, megacomet(8), and the parent of nothing: closing it, killing it or losing its terminal \
            changes nothing.
            Reports come by UDP from the supervisor's hub, orders go through the control socket in the run directory.
            .PP
            With the names of other machines it looks at those, over ssh(1): a row for each and the alerts of all, \
            Enter opens one, 0 comes back. It runs
            .B megatop \\-\\-serve
            there, by ssh and without a question. That only tells, so no action works on another machine.
            .PP
            Every figure shows its age. Older than 3 report intervals it is marked ~, older than 10 rates are \
            ?. A process that does not run has -.
            Unknown is never zero.
            .SH KEYS

            """
        for group in Binding.Group.allCases {
            text += ".SS \(group.rawValue)\n"
            for binding in Binding.all where binding.group == group && !binding.help.isEmpty {
                text += ".TP\n.B \(escaped(binding.label))\n\(escaped(binding.help))\n"
            }
        }
        text +=
            ".SH ACTIONS\nActions work only in admin mode (A, for five minutes), and never with \\-\\-readonly. "
            + "The box that opens fixes the process by pid and boot id: the supervisor refuses\nif another one has "
            + "its place by then. Cancel is the default; the process's name must be typed. Each order is an event "
            + "with the user, the terminal and the reason.\n"
        text += ".SH COLUMNS\n"
        for screen in Screen.allCases where !Columns.of(screen).isEmpty {
            text += ".SS \(screen.title)\n"
            for column in Columns.of(screen) {
                text += ".TP\n.B \(escaped(column.title))\n"
                for part in Views.explanation(column) {
                    text +=
                        escaped(part.label == "means" ? part.text : "\(part.label.capitalized): \(part.text)") + "\n"
                }
            }
        }
        text += """
            .SH SETTINGS
            :set NAME VALUE changes a setting, :save keeps them all. In the file sort, columns and colours are \
            sections. The columns' names are those of COLUMNS.

            """
        for preference in Preference.all where preference.isInManual {
            text += ".TP\n.B \(escaped(preference.name))\n\(escaped(preference.values))\n"
        }
        text += ".TP\n.B colours.ROLE\n\(escaped(Role.allCases.map { "\($0)" }.joined(separator: ", ")))\n"
        text += """
            .SH BATCH
            If standard output is no terminal, or TERM is dumb or not set, megatop prints one sample and ends, as with \
            \\-b. JSON is one object a line, with "schema".
            An empty field, null or ? is unknown; \\- is a process that does not run; ~ is an old value.
            .SH EXIT STATUS
            0 left by the operator; with \\-\\-check 0 ok, 1 warning, 2 critical, 3 unknown; 64 bad arguments; 69 no \
            supervisor answers (batch), or no terminal;
            77 permission denied (the message says which group may); 78 bad configuration;
            129, 130, 131 after HUP, INT, QUIT.
            .SH ENVIRONMENT
            TERM (an unknown kind is taken for xterm\\-256color, xterm, ansi or vt100), NO_COLOR (not empty: no \
            colours), COLORTERM (truecolor), COLORFGBG,
            LC_CTYPE (UTF-8: finer bars), XDG_CONFIG_HOME.
            .SH FILES
            ~/.config/megacomet/megatop.toml: what :save keeps.
            .SH NOTES
            After kill \\-9 of megatop the terminal may need reset(1).
            .SH SEE ALSO
            megacomet(8)

            """
        return text
    }
    private static func escaped(_ text: String) -> String {
        let text = text.replacing("\\", with: "\\e").replacing("-", with: "\\-")
        return text.hasPrefix(".") || text.hasPrefix("'") ? "\\&" + text : text
    }
}

extension String {
    fileprivate var capitalized: String { prefix(1).uppercased() + dropFirst() }
}
