extension Grid {
    /// A page that needs nothing else. `name` is its title.
    package func html(name: String) -> String {
        HTMLPage.begin(name: name) + "<pre class=\"normal\">\n" + markedLines + "</pre>\n" + HTMLPage.end
    }

    /// The lines for a `pre`, each piece in its role.
    var markedLines: String {
        (0..<size.height).map { row in
            runs(row: row).map { run in
                let text = markup(run.text)
                if run.look.isReversed {
                    return "<span class=\"\(run.look.role) reversed\"><span class=\"paper\">\(text)</span></span>"
                }
                return run.look.role == .normal ? text : "<span class=\"\(run.look.role)\">\(text)</span>"
            }.joined() + "\n"
        }.joined()
    }
}

/// The frame of a standalone page.
enum HTMLPage {
    static func begin(name: String) -> String {
        """
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="color-scheme" content="dark light">
        <title>\(markup(name))</title>
        <style>
        \(Sheet.stylesheet)body { margin: 16px; background: \(Sheet.paper(isLight: false).css); }
        @media (prefers-color-scheme: light) { body { background: \(Sheet.paper(isLight: true).css); } }
        body, pre { font: 14px/1.2 \(Sheet.fonts); }
        .reversed { background: currentColor; }
        </style>
        </head>
        <body>

        """
    }
    static let end = "</body>\n</html>\n"
}
