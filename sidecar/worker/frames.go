package worker

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/thetaedge/theta/executor"
)

// A frame is its length in 4 bytes, big-endian, and that many bytes of JSON: one object
// with known fields only. The daemon sends orders, a worker sends reports.
const (
	// protocol is the version of both; they are always of one binary.
	protocol = 1
	// maxOrder bounds what a worker reads: arguments and names of a task.
	maxOrder = 64 << 20
	// maxReport bounds what the daemon reads.
	maxReport = 64 << 10
	// maxDetail bounds a text that a worker sends, in bytes.
	maxDetail = 4 << 10
)

// errFrame wraps what is wrong with a frame; the end of the stream between two frames
// is io.EOF.
var errFrame = errors.New("broken frame")

// order is a task as the worker sees it: relative paths in the folder where it was
// started.
type order struct {
	// Number names the task in the reports; it grows.
	Number      uint64           `json:"number"`
	Program     string           `json:"program"`
	Args        [][]byte         `json:"args"`
	Inputs      []file           `json:"inputs"`
	Env         []variable       `json:"env"`
	Seed        []byte           `json:"seed"`
	TraceKeys   []executor.Trace `json:"trace_keys"`
	Fuel        uint64           `json:"fuel"`
	MemoryBytes uint64           `json:"memory_bytes"`
	OutputBytes uint64           `json:"output_bytes"`
	OutputFiles uint32           `json:"output_files"`
	OutputDir   string           `json:"output_dir"`
}

type variable struct {
	Name  string `json:"name"`
	Value []byte `json:"value"`
}

type file struct {
	Name string `json:"name"`
	Path string `json:"path"`
}

// kind says what a report is about.
type kind string

const (
	// kindHello: the worker is ready; the first report, once.
	kindHello kind = "hello"
	// kindStarted: the executor has taken the task.
	kindStarted kind = "started"
	// kindRefused: the executor has not, because the task is bad.
	kindRefused kind = "refused"
	// kindBeat: the worker lives.
	kindBeat kind = "beat"
	// kindDone: the task has a result.
	kindDone kind = "done"
	// kindFailed: it has none, because of trouble of the machine.
	kindFailed kind = "failed"
)

// report is what a worker says. The outputs are not in it: the daemon lists them itself.
type report struct {
	Kind kind `json:"kind"`
	// Number of the order that it answers.
	Number uint64 `json:"number,omitempty"`
	// Detail is for people.
	Detail string `json:"detail,omitempty"`

	// Of hello.
	Version int     `json:"version,omitempty"`
	Profile string  `json:"profile,omitempty"`
	Engine  string  `json:"engine,omitempty"`
	Healthy bool    `json:"healthy,omitempty"`
	Layers  []Layer `json:"layers,omitempty"`

	// Of done.
	Reason     executor.Reason  `json:"reason,omitempty"`
	ExitCode   int32            `json:"exit_code,omitempty"`
	FuelUsed   uint64           `json:"fuel_used,omitempty"`
	PeakMemory uint64           `json:"peak_memory,omitempty"`
	Traces     []executor.Trace `json:"traces,omitempty"`
}

// writeFrame sends a message in one write.
func writeFrame(w io.Writer, message any, most int) error {
	body, err := json.Marshal(message)
	if err != nil {
		return err
	}
	if len(body) > most {
		return fmt.Errorf("%w: expected at most %d bytes, found %d", errFrame, most, len(body))
	}
	frame := binary.BigEndian.AppendUint32(make([]byte, 0, 4+len(body)), uint32(len(body))) //nolint:gosec // bounded above
	_, err = w.Write(append(frame, body...))
	return err
}

// readFrame reads a message. Began is called once its first bytes are here; what a
// length announces is not allocated before it comes.
func readFrame(r io.Reader, message any, most int, began func()) error {
	var header [4]byte
	if _, err := io.ReadFull(r, header[:1]); err != nil {
		return err
	}
	began()
	if _, err := io.ReadFull(r, header[1:]); err != nil {
		return fmt.Errorf("%w: it ends inside its length: %w", errFrame, err)
	}
	size := int64(binary.BigEndian.Uint32(header[:]))
	if size > int64(most) {
		return fmt.Errorf("%w: expected at most %d bytes, found a length of %d", errFrame, most, size)
	}
	var body bytes.Buffer
	if n, err := io.Copy(&body, io.LimitReader(r, size)); err != nil || n < size {
		return fmt.Errorf("%w: it ends after %d of %d bytes", errFrame, n, size)
	}
	decoder := json.NewDecoder(&body)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(message); err != nil {
		return fmt.Errorf("%w: %w", errFrame, err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: something follows the message", errFrame)
	}
	return nil
}

// clip makes a text of others short and printable UTF-8.
func clip(text string, most int) string {
	text = strings.ToValidUTF8(text, "\uFFFD")
	if len(text) <= most {
		return text
	}
	cut := most - len("…")
	for cut > 0 && !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut] + "…"
}
