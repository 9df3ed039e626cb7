package remote

import (
	"errors"
	"fmt"
	"io"
	"runtime/debug"

	"github.com/thetaedge/theta/tensor"
)

// Serve answers requests with a device until there are no more. It fails if a request breaks the
// protocol or asks for what is not allowed: then the other side is not our code, or has an error. It
// does not close the device.
func Serve(in io.Reader, out io.Writer, device tensor.Device) error {
	s := &server{stream: newStream(in, out), device: device, held: make([]tensor.Buffer, maxTensors+1)}
	for {
		kind := request(s.byte())
		if errors.Is(s.err, io.EOF) {
			return nil
		}
		s.serve(kind)
		if s.err != nil {
			return fmt.Errorf("serve the device: request %d: %w", kind, s.err)
		}
	}
}

// server has one device, and the tensors that it has given numbers.
type server struct {
	*stream

	device tensor.Device
	held   []tensor.Buffer
	low    uint32
	// failed is the first error of the device, which each further answer repeats.
	failed error
}

func (s *server) serve(kind request) {
	switch kind {
	case asksName:
		if v := s.u32(); v != version {
			s.fail(fmt.Errorf("expected version %d, found %d", version, v))
			return
		}
		s.putText(answerFine, s.device.Name())
		_ = s.flush()
	case asksNew:
		s.make(tensor.Shape{Type: tensor.Type(s.u32()), Count: s.u64()})
	case asksFree:
		if id, b := s.tensor(); b != nil {
			s.held[id], s.low = nil, min(s.low, id)
			s.note(b.Free())
		}
	case asksWrite:
		s.fill()
	case asksRead:
		s.read()
	case asksSubmit:
		s.submit()
	case asksWait:
		s.wait()
	case asksSleep:
		s.sleep(tensor.Sleeper.Sleep)
		debug.FreeOSMemory()
	case asksWake:
		s.sleep(tensor.Sleeper.Wake)
	default:
		s.fail(fmt.Errorf("expected a request, found %d", kind))
	}
}

// note keeps the first error of the device.
func (s *server) note(err error) {
	if s.failed == nil {
		s.failed = err
	}
}

// tensor reads a number of a tensor. There is none after an error.
func (s *server) tensor() (uint32, tensor.Buffer) {
	id := s.u32()
	if s.err != nil {
		return 0, nil
	}
	if id == 0 || id > maxTensors || s.held[id] == nil {
		s.fail(fmt.Errorf("expected the number of a tensor, found %d", id))
		return 0, nil
	}
	return id, s.held[id]
}

// answer begins an answer. It reports whether the device has not failed.
func (s *server) answer(numbers ...uint32) bool {
	if s.failed != nil {
		s.putText(answerError, s.failed.Error())
		return false
	}
	s.put(answerFine, numbers...)
	return true
}

func (s *server) make(shape tensor.Shape) {
	if s.err == nil && (shape.Type.Bits() == 0 || shape.Count == 0) {
		s.fail(fmt.Errorf("expected a shape, found %d elements of %v", shape.Count, shape.Type))
	}
	id := max(s.low, 1)
	for id <= maxTensors && s.held[id] != nil {
		id++
	}
	if id > maxTensors {
		s.fail(fmt.Errorf("expected at most %d tensors", maxTensors))
	}
	if s.err != nil {
		return
	}
	if s.failed == nil {
		b, err := s.device.New(shape)
		s.note(err)
		if err == nil {
			s.held[id], s.low = b, id+1
		}
	}
	s.answer(id)
	_ = s.flush()
}

// span reads a place in a tensor.
func (s *server) span() (b tensor.Buffer, offset uint64, p []byte) {
	_, b = s.tensor()
	offset = s.u64()
	length := s.count("bytes", maxBytes)
	if s.err != nil {
		return nil, 0, nil
	}
	if err := b.Shape().Range(offset, uint64(length)); err != nil {
		s.fail(err)
		return nil, 0, nil
	}
	return b, offset, make([]byte, length)
}

func (s *server) fill() {
	b, offset, p := s.span()
	s.bytes(p)
	if s.err == nil && s.failed == nil {
		s.note(b.Write(offset, p))
	}
}

func (s *server) read() {
	b, offset, p := s.span()
	if s.err != nil {
		return
	}
	if s.failed == nil {
		s.note(b.Read(offset, p))
	}
	if s.answer() {
		s.write(p)
	}
	_ = s.flush()
}

func (s *server) submit() {
	records := make([]byte, s.count("records", tensor.MaxRecords)*tensor.RecordBytes)
	s.bytes(records)
	if s.err != nil {
		return
	}
	ops, err := tensor.Decode(records)
	if err == nil {
		err = tensor.Validate(ops, s.shape)
	}
	if err != nil {
		s.fail(err)
		return
	}
	calls := make([]tensor.Call, len(ops))
	for i, op := range ops {
		calls[i].Op = op
		for _, o := range tensor.Operands(op) {
			calls[i].Buffers = append(calls[i].Buffers, s.held[o.Tensor])
		}
		if op.Code().Traced() {
			calls[i].Keys = s.keys()
		}
	}
	if s.err == nil && s.failed == nil {
		s.note(s.device.Submit(calls))
	}
}

// keys reads those of a record.
func (s *server) keys() []uint64 {
	count := s.byte()
	if count > maxKeys {
		s.fail(fmt.Errorf("expected at most %d keys of a record, found %d", maxKeys, count))
	}
	var keys []uint64
	for range count {
		if s.err != nil {
			return nil
		}
		keys = append(keys, s.u64())
	}
	return keys
}

// shape returns that of a tensor by its number.
func (s *server) shape(h tensor.Handle) (tensor.Shape, bool) {
	if h == 0 || h > maxTensors || s.held[h] == nil {
		return tensor.Shape{}, false
	}
	return s.held[h].Shape(), true
}

func (s *server) wait() {
	var sums []uint64
	if s.failed == nil {
		var err error
		sums, err = s.device.Wait()
		s.note(err)
	}
	if s.answer(uint32(len(sums))) {
		s.putU64(sums...)
	}
	_ = s.flush()
}

// sleep lets the device begin or end to sleep, if it can.
func (s *server) sleep(change func(tensor.Sleeper) error) {
	if sleeper, can := s.device.(tensor.Sleeper); can && s.failed == nil {
		s.note(change(sleeper))
	}
	s.answer()
	_ = s.flush()
}
