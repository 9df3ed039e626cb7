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
	"github.com/thetaedge/theta/tensor/backend"
)

// A frame is its length in 4 bytes, big-endian, followed by that many bytes of JSON: one
// object with known fields only. The daemon sends orders; a worker process sends reports.
const (
	// protocol is the version of orders and reports. Both sides always run the same binary.
	protocol = 1
	// maxOrder bounds the size of an order, which contains the arguments and names of a task.
	maxOrder = 64 << 20
	// maxReport bounds the size of a report.
	maxReport = 64 << 10
	// maxDetail bounds the size of a text from a worker process, in bytes.
	maxDetail = 4 << 10
)

// errFrame is the error for an invalid frame. If the stream ends between two frames, the error
// is io.EOF.
var errFrame = errors.New("broken frame")

// order describes a task to a worker process. Its paths are relative to the folder in which
// the process was started.
type order struct {
	// Command is empty for a task. Of a command, only the number counts.
	Command command `json:"command,omitempty"`
	// Number identifies the task in the reports. It increases from task to task.
	Number      uint64           `json:"number"`
	Program     string           `json:"program"`
	Args        [][]byte         `json:"args"`
	Inputs      []file           `json:"inputs"`
	Env         []variable       `json:"env"`
	Seed        []byte           `json:"seed"`
	TraceKeys   []executor.Trace `json:"trace_keys"`
	Fuel        uint64           `json:"fuel"`
	MemoryBytes uint64           `json:"memory_bytes"`
	DeviceBytes uint64           `json:"device_bytes"`
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
	// Digest is the SHA-256 of the content as the daemon knows it, or zero.
	Digest [32]byte `json:"digest"`
}

// kind says what a report is about.
type kind string

const (
	// kindHello means that the worker process is ready. It is the first report and is sent
	// once.
	kindHello kind = "hello"
	// kindStarted means that the executor has accepted the task.
	kindStarted kind = "started"
	// kindRefused means that the executor has not accepted the task, because the task is
	// invalid.
	kindRefused kind = "refused"
	// kindBeat means that the worker process is alive. It says how much fuel the task has used so
	// far.
	kindBeat kind = "beat"
	// kindDone means that the task has a result.
	kindDone kind = "done"
	// kindStill means that the program stands still. It says how many bytes its tensors take on the disk.
	kindStill kind = "still"
	// kindOut means that the tensors have given up their memory, or with a detail, why not.
	kindOut kind = "out"
	// kindAwake means that the program goes on after a rest.
	kindAwake kind = "awake"
	// kindFailed means that the task does not have a result, because of a problem of the
	// machine.
	kindFailed kind = "failed"
)

// report is a message of a worker process. It does not contain the outputs, because the daemon
// lists them itself.
type report struct {
	Kind kind `json:"kind"`
	// Number is the number of the order that the report answers.
	Number uint64 `json:"number,omitempty"`
	// Detail is a text for people.
	Detail string `json:"detail,omitempty"`

	// Version, Profile, Engine, Healthy and Layers belong to hello.
	Version int     `json:"version,omitempty"`
	Profile string  `json:"profile,omitempty"`
	Engine  string  `json:"engine,omitempty"`
	Healthy bool    `json:"healthy,omitempty"`
	Layers  []Layer `json:"layers,omitempty"`
	// Devices belongs to the hello of a process that lists devices.
	Devices []backend.Device `json:"devices,omitempty"`
	// DeviceFailed belongs to failed: the device with the tensors is to blame.
	DeviceFailed bool `json:"device_failed,omitempty"`
	// Bytes belongs to still.
	Bytes uint64 `json:"bytes,omitempty"`

	// Reason, ExitCode, FuelUsed, PeakMemory and Traces belong to done, and FuelUsed to a beat too.
	Reason     executor.Reason  `json:"reason,omitempty"`
	ExitCode   int32            `json:"exit_code,omitempty"`
	FuelUsed   uint64           `json:"fuel_used,omitempty"`
	PeakMemory uint64           `json:"peak_memory,omitempty"`
	Traces     []executor.Trace `json:"traces,omitempty"`
}

// writeFrame sends a message in a single write.
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

// readFrame returns the next message. It calls began once the first bytes have arrived. It
// does not allocate memory for bytes that a length announces before they arrive.
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

// clip makes a text from an untrusted source short and printable UTF-8.
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
