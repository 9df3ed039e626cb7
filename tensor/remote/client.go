package remote

import (
	"encoding/binary"
	"fmt"
	"io"

	"github.com/thetaedge/theta/tensor"
)

// Client is a device in another process. Its errors wrap ErrGone or ErrFailed; after the first one it
// does nothing more.
type Client struct {
	stream *stream
	name   string
	closed func() error
	failed error
}

var (
	_ tensor.Device  = (*Client)(nil)
	_ tensor.Sleeper = (*Client)(nil)
)

// NewClient returns a client of a server. Close calls closed, which ends the other process however it
// is, and may be called from another goroutine while a call waits.
func NewClient(in io.Reader, out io.Writer, closed func() error) (*Client, error) {
	c := &Client{stream: newStream(in, out), closed: closed}
	c.stream.put(byte(asksName), version)
	if err := c.answer(); err != nil {
		return nil, err
	}
	c.name = c.stream.text()
	return c, c.check()
}

// check keeps the first error.
func (c *Client) check() error {
	if c.failed == nil && c.stream.err != nil {
		c.failed = fmt.Errorf("%w: %w", ErrGone, c.stream.err)
	}
	return c.failed
}

// answer sends what was asked and reads the begin of the answer.
func (c *Client) answer() error {
	if c.check() != nil {
		return c.failed
	}
	_ = c.stream.flush()
	switch kind := c.stream.byte(); {
	case c.stream.err != nil:
	case kind == answerError:
		if text := c.stream.text(); c.stream.err == nil {
			c.failed = fmt.Errorf("%w: %s", ErrFailed, text)
		}
	case kind != answerFine:
		c.stream.fail(fmt.Errorf("expected an answer, found %d", kind))
	}
	return c.check()
}

// Name says what executes.
func (c *Client) Name() string { return c.name }

// New returns a tensor of zeros.
func (c *Client) New(s tensor.Shape) (tensor.Buffer, error) {
	c.stream.put(byte(asksNew), uint32(s.Type))
	c.stream.putU64(s.Count)
	if err := c.answer(); err != nil {
		return nil, err
	}
	id := c.stream.u32()
	if id == 0 || id > maxTensors {
		c.stream.fail(fmt.Errorf("expected the number of a tensor, found %d", id))
	}
	return &buffer{client: c, id: id, shape: s}, c.check()
}

// Submit begins calls. Errors of the device are found by what waits next.
func (c *Client) Submit(calls []tensor.Call) error {
	for len(calls) > 0 {
		count := min(len(calls), tensor.MaxRecords)
		if err := c.submit(calls[:count]); err != nil {
			return err
		}
		calls = calls[count:]
	}
	return nil
}

func (c *Client) submit(calls []tensor.Call) error {
	records := make([]byte, 0, len(calls)*tensor.RecordBytes)
	for _, call := range calls {
		record := tensor.Encode(call.Op)
		for i, b := range call.Buffers {
			if b != nil {
				binary.LittleEndian.PutUint32(record[4*(2+3*i):], b.(*buffer).id)
			}
		}
		records = append(records, record...)
	}
	c.stream.put(byte(asksSubmit), uint32(len(calls)))
	c.stream.write(records)
	for _, call := range calls {
		if !call.Op.Code().Traced() {
			continue
		}
		if len(call.Keys) > maxKeys {
			c.stream.fail(fmt.Errorf("expected at most %d keys of a record, found %d", maxKeys, len(call.Keys)))
		}
		c.stream.write([]byte{byte(len(call.Keys))})
		c.stream.putU64(call.Keys...)
	}
	// The server begins while the caller goes on.
	_ = c.stream.flush()
	return c.check()
}

// Wait returns after all calls have ended, with their checksums.
func (c *Client) Wait() ([]uint64, error) {
	c.stream.put(byte(asksWait))
	if err := c.answer(); err != nil {
		return nil, err
	}
	count := c.stream.count("sums", maxSums)
	var sums []uint64
	for i := uint32(0); i < count && c.stream.err == nil; i++ {
		sums = append(sums, c.stream.u64())
	}
	return sums, c.check()
}

// Sleep implements tensor.Sleeper. A device that cannot sleep does nothing.
func (c *Client) Sleep() error {
	c.stream.put(byte(asksSleep))
	return c.answer()
}

// Wake implements tensor.Sleeper.
func (c *Client) Wake() error {
	c.stream.put(byte(asksWake))
	return c.answer()
}

// Close ends the other process.
func (c *Client) Close() error { return c.closed() }

// buffer is a tensor in the other process.
type buffer struct {
	client *Client
	id     uint32
	shape  tensor.Shape
}

func (b *buffer) Shape() tensor.Shape { return b.shape }

func (b *buffer) Write(offset uint64, p []byte) error {
	for len(p) > 0 {
		piece := p[:min(len(p), maxBytes)]
		b.client.span(asksWrite, b.id, offset, len(piece))
		b.client.stream.write(piece)
		p, offset = p[len(piece):], offset+uint64(len(piece))
	}
	return b.client.check()
}

func (b *buffer) Read(offset uint64, p []byte) error {
	for len(p) > 0 {
		piece := p[:min(len(p), maxBytes)]
		b.client.span(asksRead, b.id, offset, len(piece))
		if err := b.client.answer(); err != nil {
			return err
		}
		b.client.stream.bytes(piece)
		p, offset = p[len(piece):], offset+uint64(len(piece))
	}
	return b.client.check()
}

func (b *buffer) Free() error {
	b.client.stream.put(byte(asksFree), b.id)
	return b.client.check()
}

// span asks for a place in a tensor.
func (c *Client) span(kind request, id uint32, offset uint64, length int) {
	c.stream.put(byte(kind), id)
	c.stream.putU64(offset)
	c.stream.write(binary.LittleEndian.AppendUint32(nil, uint32(length)))
}
