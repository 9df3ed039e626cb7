package remote

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/thetaedge/theta/tensor"
)

// request is the first byte of a request. All numbers are little-endian.
type request byte

// Requests, with what follows.
const (
	// asksName has the version. The answer is a text.
	asksName request = iota + 1
	// asksNew has a type (4 bytes) and a count (8). The answer is a number of a tensor (4).
	asksNew
	// asksFree has a number of a tensor. There is no answer.
	asksFree
	// asksWrite has a number of a tensor, an offset (8), a length (4) and the bytes. There is no
	// answer.
	asksWrite
	// asksRead has a number of a tensor, an offset (8) and a length (4). The answer are the bytes.
	asksRead
	// asksSubmit has the number of records (4), the records, and for each traced one the number of its
	// keys (1) and the keys (8). There is no answer.
	asksSubmit
	// asksWait has nothing. The answer are the number of sums (4) and the sums (8).
	asksWait
	// asksSleep and asksWake have nothing, and the answer neither.
	asksSleep
	asksWake
)

// Bounds of requests and answers.
const (
	version = 3
	// maxBytes bounds the bytes of a write or read.
	maxBytes = 4 << 20
	// maxText bounds an error or a name.
	maxText = 4 << 10
	// maxTensors bounds the tensors: those of a program and those of a guard.
	maxTensors = tensor.MaxTensors + 64
	// maxKeys bounds the keys of a record.
	maxKeys = 4
	// maxSums bounds the sums of an answer.
	maxSums = 1 << 24
)

// Answers begin with one of these bytes; an error is a text.
const (
	answerFine  = 0
	answerError = 1
)

// ErrGone means that the process with the device has ended, or does not keep to the protocol.
var ErrGone = errors.New("the process of the device is gone")

// ErrFailed means that the device in the other process has failed.
var ErrFailed = errors.New("the device failed in its process")

// stream reads and writes numbers. Its first error stays.
type stream struct {
	in  *bufio.Reader
	out *bufio.Writer
	err error
}

func newStream(in io.Reader, out io.Writer) *stream {
	return &stream{in: bufio.NewReaderSize(in, 1<<16), out: bufio.NewWriterSize(out, 1<<16)}
}

func (s *stream) fail(err error) {
	if s.err == nil {
		s.err = err
	}
}

// bytes fills p.
func (s *stream) bytes(p []byte) {
	if s.err != nil {
		return
	}
	if _, err := io.ReadFull(s.in, p); err != nil {
		s.fail(err)
	}
}

func (s *stream) byte() byte {
	var p [1]byte
	s.bytes(p[:])
	return p[0]
}

func (s *stream) u32() uint32 {
	var p [4]byte
	s.bytes(p[:])
	return binary.LittleEndian.Uint32(p[:])
}

func (s *stream) u64() uint64 {
	var p [8]byte
	s.bytes(p[:])
	return binary.LittleEndian.Uint64(p[:])
}

// count reads a number of at most `most`.
func (s *stream) count(what string, most uint32) uint32 {
	n := s.u32()
	if n > most {
		s.fail(fmt.Errorf("expected at most %d %s, found %d", most, what, n))
		return 0
	}
	return n
}

// text reads a text.
func (s *stream) text() string {
	p := make([]byte, s.count("bytes of a text", maxText))
	s.bytes(p)
	return string(p)
}

func (s *stream) write(p []byte) {
	if s.err == nil {
		if _, err := s.out.Write(p); err != nil {
			s.fail(err)
		}
	}
}

func (s *stream) put(kind byte, numbers ...uint32) {
	p := []byte{kind}
	for _, n := range numbers {
		p = binary.LittleEndian.AppendUint32(p, n)
	}
	s.write(p)
}

func (s *stream) putU64(numbers ...uint64) {
	for _, n := range numbers {
		s.write(binary.LittleEndian.AppendUint64(nil, n))
	}
}

func (s *stream) putText(kind byte, text string) {
	text = text[:min(len(text), maxText)]
	s.put(kind, uint32(len(text)))
	s.write([]byte(text))
}

func (s *stream) flush() error {
	if s.err == nil {
		if err := s.out.Flush(); err != nil {
			s.fail(err)
		}
	}
	return s.err
}
