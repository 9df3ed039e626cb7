// Package alert tells the owner of a node when something needs attention: by a webhook, ntfy, mail or
// a chat.
//
// Judge decides on a snapshot which conditions hold (judge.go). A book remembers them over restarts, so
// that each is told once when it begins and once when it is over, with a reminder a day (book.go). Alerts
// wait in the book until each target has them (outbox.go). Targets are addresses with secrets; neither
// errors nor views contain these (target.go).
//
// Nothing here can hold up the daemon's work: an Alerter reads snapshots, and each target has a
// goroutine of its own.
//
// The addresses have the form that shoutrrr gave them. That library is not used, because it follows redirects
// with secrets in them, reads answers of any size, and puts addresses into its errors. Mail is sent with go-mail.
package alert
