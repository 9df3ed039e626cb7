// Package chat turns the messages of a conversation into the text that a model was trained on.
//
// Published models describe this text by a template in Jinja, a language with loops, conditions
// and macros. Nearly all of these templates put fixed texts between the messages: which text it is
// depends only on the roles around it. Package jinja therefore renders a template once, when a
// model is converted, and finds these texts, the Format; it refuses a template for which the texts
// do not give what the template gives. A program in a sandbox needs the Format alone: it starts
// quickly, and no interpreter has a part in its result.
//
// A conversation is an optional system message, and then messages of the user and the assistant in
// turns. It ends with one of the user. Tools and images are not covered.
package chat
