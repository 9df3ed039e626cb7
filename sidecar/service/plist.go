package service

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"path"
	"strings"
)

// logName is the file in the home to which a service writes where no journal collects its log.
const logName = "service.log"

// Plist returns the property list with which launchd runs a daemon.
func Plist(u Unit) (string, error) {
	if err := u.Validate(); err != nil {
		return "", err
	}
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line(`<?xml version="1.0" encoding="UTF-8"?>`)
	line(`<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">`)
	line("<!-- %s -->", u.mark())
	line(`<plist version="1.0">`)
	line("<dict>")
	text := func(key, value string) {
		line("  <key>%s</key>", key)
		line("  <string>%s</string>", escapeXML(value))
	}
	number := func(key string, value int64) {
		line("  <key>%s</key>", key)
		line("  <integer>%d</integer>", value)
	}
	text("Label", u.Name)
	line("  <key>ProgramArguments</key>")
	line("  <array>")
	for _, argument := range []string{u.Exe, "start", "--home", u.Home} {
		line("    <string>%s</string>", escapeXML(argument))
	}
	line("  </array>")
	text("WorkingDirectory", u.Home)
	if u.System {
		text("UserName", u.Account)
	}
	line("  <key>RunAtLoad</key>")
	line("  <true/>")
	line("  <!-- It is started again after a failure. -->")
	line("  <key>KeepAlive</key>")
	line("  <dict>")
	line("    <key>SuccessfulExit</key>")
	line("    <false/>")
	line("  </dict>")
	number("ThrottleInterval", 10)
	line("  <!-- work.drain-timeout (%s), and time to end the workers. -->", u.Drain)
	number("ExitTimeOut", u.stopSeconds())
	line("  <!-- 077 in decimal: files of the home are the account's alone. -->")
	number("Umask", 0o77)
	line("  <key>HardResourceLimits</key>")
	line("  <dict>")
	line("    <key>Core</key>")
	line("    <integer>0</integer>")
	line("  </dict>")
	line("  <key>SoftResourceLimits</key>")
	line("  <dict>")
	line("    <key>Core</key>")
	line("    <integer>0</integer>")
	line("    <key>NumberOfFiles</key>")
	line("    <integer>65536</integer>")
	line("  </dict>")
	text("StandardErrorPath", path.Join(u.Home, logName))
	text("StandardOutPath", path.Join(u.Home, logName))
	line("</dict>")
	line("</plist>")
	return b.String(), nil
}

func escapeXML(text string) string {
	var b bytes.Buffer
	// A buffer takes everything.
	_ = xml.EscapeText(&b, []byte(text))
	return b.String()
}
