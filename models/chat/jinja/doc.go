// Package jinja finds the chat format of a model in its template, which is written in Jinja.
//
// Find renders the template on conversations of marks, takes the text between the marks, and then
// compares the format with the template on conversations that it has not seen: with and without a
// system message, of one to four questions, with white space around messages, with thoughts in
// them, and with an empty message. A template that gives another text for any of them is refused.
//
// A template is code of a stranger. It cannot read other templates or draw at random, its ranges and
// the depth of its macros are bounded, and so are its bytes.
package jinja
