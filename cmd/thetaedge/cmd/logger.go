package cmd

import (
	"bufio"
	"io"
	"log/slog"

	"github.com/spf13/cobra"

	"github.com/thetaedge/theta/sidecar/config"
)

// newLogger returns a logger that writes to w as the settings say.
func newLogger(c config.Log, w io.Writer) *slog.Logger {
	options := &slog.HandlerOptions{Level: levelOf(c)}
	if c.Format == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}

// levelOf returns the least level of lines that are written.
func levelOf(c config.Log) slog.Level {
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.Level)); err != nil {
		return slog.LevelInfo
	}
	return level
}

func newLineReader(command *cobra.Command) *bufio.Reader { return bufio.NewReader(command.InOrStdin()) }
