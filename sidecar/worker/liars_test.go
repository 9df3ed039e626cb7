//go:build linux

package worker

import (
	"encoding/binary"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/executor/manifest"
)

// liarPrefix makes the test binary a worker process that its program has taken over.
const liarPrefix = "liar:"

// lie sends messages to the daemon that a worker process must not send. It follows the
// protocol until it has received an order.
func lie(how string) {
	say := func(r report) {
		if err := writeFrame(os.Stdout, r, 1<<30); err != nil {
			os.Exit(0)
		}
	}
	hello := report{Kind: kindHello, Version: protocol, Profile: profile, Healthy: true}
	switch how {
	case "no hello":
		say(report{Kind: kindBeat})
		select {}
	case "other version":
		hello.Version++
	case "other profile":
		hello.Profile = "script/2"
	case "unwell":
		hello.Healthy, hello.Detail = false, "the stack is too small"
	case "mute":
		_, _ = io.Copy(io.Discard, os.Stdin)
		return
	}
	say(hello)
	var o order
	if readFrame(os.Stdin, &o, maxOrder, func() {}) != nil {
		return
	}
	done := report{Kind: kindDone, Number: o.Number, Reason: manifest.ReasonExited, FuelUsed: 7}
	if err := os.MkdirAll(o.OutputDir, 0o700); err != nil {
		return
	}
	started := report{Kind: kindStarted, Number: o.Number}
	if how != "done at once" {
		say(started)
	}
	switch how {
	case "garbage":
		_, _ = os.Stdout.WriteString("GET / HTTP/1.1\r\n\r\n")
	case "no json":
		_, _ = os.Stdout.Write(append(binary.BigEndian.AppendUint32(nil, 4), "}}}}"...))
	case "unknown field":
		body, _ := json.Marshal(map[string]any{"kind": "done", "number": o.Number, "reason": "exited", "outputs": []string{"x"}})
		_, _ = os.Stdout.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(body))), body...))
	case "two messages":
		body := `{"kind":"beat","number":1}{"kind":"beat","number":1}`
		_, _ = os.Stdout.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(body))), body...))
	case "huge frame":
		_, _ = os.Stdout.Write(binary.BigEndian.AppendUint32(nil, 1<<31))
	case "huge detail":
		say(report{Kind: kindDone, Number: o.Number, Reason: manifest.ReasonExited, Detail: strings.Repeat("x", maxReport)})
	case "truncated":
		_, _ = os.Stdout.Write(append(binary.BigEndian.AppendUint32(nil, 100), `{"kind":`...))
		return
	case "flood of beats":
		for {
			say(report{Kind: kindBeat, Number: o.Number})
		}
	case "flood of bytes":
		for {
			_, _ = os.Stdout.Write(make([]byte, 1<<20))
		}
	case "more progress than there is":
		say(report{Kind: kindBeat, Number: o.Number, FuelUsed: 1 << 60})
		say(report{Kind: kindBeat, Number: o.Number, FuelUsed: 1})
		select {}
	case "another task":
		done.Number++
	case "hello again":
		say(hello)
	case "started again":
		say(started)
	case "done twice":
		say(done)
	case "no reason":
		done.Reason = "excellent"
	case "code of a trap":
		done.Reason, done.ExitCode = manifest.ReasonTrapped, 0
	case "more fuel than there is":
		done.FuelUsed = 1001
	case "another trace":
		done.Traces = []executor.Trace{{}}
	case "no outputs":
		_ = os.Remove(o.OutputDir)
	case "link out":
		_ = os.Symlink("/etc/passwd", filepath.Join(o.OutputDir, "passwd"))
	case "folder out":
		_ = os.Remove(o.OutputDir)
		_ = os.Symlink("/etc", o.OutputDir)
	case "exit":
		os.Exit(0)
	case "closed pipe":
		_ = os.Stdout.Close()
		select {}
	}
	say(done)
	select {}
}

// TestAWorkerThatLiesIsEndedAndGivesNoResult: if the engine has a security hole, a program
// controls its worker process.
func TestAWorkerThatLiesIsEndedAndGivesNoResult(t *testing.T) {
	lies := map[string]string{
		"garbage":                 "length",
		"no json":                 "broken frame",
		"unknown field":           "unknown field",
		"two messages":            "follows the message",
		"huge frame":              "at most 65536 bytes",
		"huge detail":             "at most 65536 bytes",
		"truncated":               "ends after",
		"flood of beats":          "floods",
		"flood of bytes":          "broken frame",
		"another task":            "for task 2 in task 1",
		"hello again":             `found "hello"`,
		"started again":           `found "started"`,
		"done at once":            `found "done"`,
		"done twice":              "",
		"no reason":               `reason "excellent"`,
		"code of a trap":          "exit code 0 with reason trapped",
		"more fuel than there is": "1001 fuel of 1000",
		"another trace":           "1 traces for 0 keys",
		"no outputs":              "the outputs are not",
		"link out":                "no regular file",
		"folder out":              "the outputs are not",
		"exit":                    "exited by itself",
		"closed pipe":             "hung",
	}
	for lie, told := range lies {
		t.Run(lie, func(t *testing.T) {
			t.Parallel()
			cfg := config(t)
			cfg.Command, cfg.SilentTime = []string{os.Args[0], liarPrefix + lie}, 2*time.Second
			e := open(t, cfg)
			task := taskOf(t, script(t, "stdout hello"))
			result, err := run(t, e, task)
			if told == "" {
				// The first answer counts. It is the last one of this worker process.
				require.NoError(t, err)
				require.Equal(t, manifest.ReasonExited, result.Reason)
				require.Eventually(t, func() bool {
					p := e.pool.pick(task.ProgramPath)
					return p == nil || p.condemned() && p.retire() == nil
				}, patience, time.Millisecond)
				return
			}
			require.ErrorIs(t, err, executor.ErrWorkerDied)
			require.ErrorContains(t, err, told)
			require.NoDirExists(t, task.OutputDir)
			require.Empty(t, e.pool.idle)
		})
	}
}

func TestAWorkerThatClaimsMoreProgressThanItsTaskHasFuelIsCutShort(t *testing.T) {
	cfg := config(t)
	cfg.Command = []string{os.Args[0], liarPrefix + "more progress than there is"}
	e := open(t, cfg)
	task := taskOf(t, script(t, "stdout hello"))
	require.NoError(t, e.Start(waiting(t), task))
	require.Eventually(t, func() bool {
		now, err := e.Progress(task.ID)
		return err == nil && now == executor.Progress{FuelUsed: task.Fuel, Fuel: task.Fuel}
	}, patience, time.Millisecond)
}

func TestAWorkerThatDoesNotComeUpMakesTheExecutorUnhealthy(t *testing.T) {
	for how, told := range map[string]string{
		"no hello":      "protocol",
		"other version": "reinstall",
		"other profile": "reinstall",
		"unwell":        "the stack is too small",
		"mute":          "ready within",
	} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			cfg := config(t)
			cfg.Command, cfg.StartTime = []string{os.Args[0], liarPrefix + how}, 2*time.Second
			e := open(t, cfg)
			f := e.Fingerprint(waiting(t))
			require.Equal(t, executor.Unhealthy, f.Health)
			require.Contains(t, f.Detail, told)
			err := e.Start(waiting(t), taskOf(t, script(t, "stdout hello")))
			require.ErrorIs(t, err, executor.ErrUnavailable)
			require.NotErrorIs(t, err, executor.ErrWorkerDied, "no program is to blame")
		})
	}
}

func TestABinaryThatIsGoneMakesTheExecutorUnhealthy(t *testing.T) {
	cfg := config(t)
	cfg.Command = []string{filepath.Join(t.TempDir(), "thetaedge")}
	e := open(t, cfg)
	f := e.Fingerprint(waiting(t))
	require.Equal(t, executor.Unhealthy, f.Health)
	require.Contains(t, f.Detail, "no such file")
	require.Contains(t, f.Detail, "thetaedge doctor")
	require.ErrorIs(t, e.Start(waiting(t), taskOf(t, script(t, "stdout hello"))), executor.ErrUnavailable)
}
