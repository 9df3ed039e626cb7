// Package service installs the daemon as a service of the operating system: a unit of systemd, an
// agent or daemon of launchd, or a service of Windows.
//
// The text of a file is a pure function of a Unit. The changes to a machine are a Plan, a list of steps that a dry
// run only shows; when a step fails, those before it are undone. An installed file names the home
// and the program that it was written for, so that a later run recognizes its own files and does
// not touch any other.
package service
