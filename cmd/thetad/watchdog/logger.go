package watchdog

import (
	"fmt"

	"cosmossdk.io/log/v2"
)

// consensusFailure is the log line with which CometBFT's consensus ends for good. The
// process continues, and nothing else reports the failure.
const consensusFailure = "CONSENSUS FAILURE!!!"

// Logger passes every line on to inner, and learns from the lines that consensus has
// failed. It also hears lines that the log level leaves out.
func (w *Watchdog) Logger(inner log.Logger) log.Logger { return logger{inner, w} }

type logger struct {
	log.Logger
	dog *Watchdog
}

// Error implements log.Logger.
func (l logger) Error(msg string, keyVals ...any) {
	if msg == consensusFailure {
		l.dog.consensusFailed(valueOf("err", keyVals))
	}
	l.Logger.Error(msg, keyVals...)
}

// With implements log.Logger.
func (l logger) With(keyVals ...any) log.Logger { return logger{l.Logger.With(keyVals...), l.dog} }

// SetVerboseMode implements log.VerboseModeLogger for an inner logger that has it.
func (l logger) SetVerboseMode(verbose bool) {
	if inner, ok := l.Logger.(log.VerboseModeLogger); ok {
		inner.SetVerboseMode(verbose)
	}
}

// valueOf returns the value of a key among the pairs of a log line.
func valueOf(key string, keyVals []any) string {
	for i := 0; i+1 < len(keyVals); i += 2 {
		if keyVals[i] == key {
			return fmt.Sprint(keyVals[i+1])
		}
	}
	return "no reason was reported; see the log lines above"
}
