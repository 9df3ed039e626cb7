package executors

import (
	"errors"
	"math/rand/v2"
	"os"
	"slices"
	"time"

	"github.com/thetaedge/theta/models/decoder"
	"github.com/thetaedge/theta/models/format"
	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/cpu"
	"github.com/thetaedge/theta/tensor/guard"
)

// load is the work of a measurement, in tokens.
type load struct {
	// Prompt tokens are read at once, and Answer tokens one after the other.
	Prompt int `json:"prompt_tokens"`
	Answer int `json:"answer_tokens"`
}

// took is the time of a measurement: until the logits after the prompt are there, and for the tokens
// after it.
type took struct{ prefill, decode time.Duration }

// subject is an implementation that runs a model.
type subject interface {
	run(l load) (took, error)
	Close() error
}

// ours is a converted model on the cores of this machine.
type ours struct {
	device  tensor.Device
	session *tensor.Session
	decoder *decoder.Decoder
	file    *os.File
	prompt  []int32
}

// setting says what happens to a run besides its work.
type setting struct {
	threads         int
	vectors         cpu.Vectors
	traced, guarded bool
}

// deviceLimit bounds the tensors of a model, in bytes.
const deviceLimit = 1 << 34

// openOurs loads a model.
func openOurs(path string, s setting, shape Shape, l load) (_ *ours, err error) {
	o := &ours{device: cpu.New(cpu.WithCores(s.threads), cpu.WithVectors(s.vectors))}
	defer func() {
		if err != nil {
			err = errors.Join(err, o.Close())
		}
	}()
	if s.guarded {
		o.device = guard.New(o.device, guard.Config{})
	}
	var keys [][32]byte
	if s.traced {
		keys = [][32]byte{{1}}
	}
	o.session = tensor.NewSession(o.device, deviceLimit, keys...)
	if o.file, err = os.Open(path); err != nil {
		return nil, err
	}
	stat, err := o.file.Stat()
	if err != nil {
		return nil, err
	}
	file, err := format.Open(o.file, stat.Size())
	if err != nil {
		return nil, err
	}
	random := rand.New(rand.NewPCG(3, 4)) //nolint:gosec // a prompt, not a key
	for range l.Prompt {
		o.prompt = append(o.prompt, int32(random.IntN(shape.Vocabulary))) //nolint:gosec // a token
	}
	o.decoder, err = decoder.New(decoder.OnSession(o.session, o.file), file, decoder.Options{Context: uint32(l.Prompt + l.Answer)}) //nolint:gosec // small
	return o, err
}

// run reads the prompt and answers it with the most probable tokens.
func (o *ours) run(l load) (t took, err error) {
	if err := o.decoder.Rewind(0); err != nil {
		return took{}, err
	}
	began := time.Now()
	logits, err := o.decoder.Step(o.prompt)
	if err != nil {
		return took{}, err
	}
	t.prefill = time.Since(began)
	for range l.Answer {
		best := int32(slices.Index(logits, slices.Max(logits))) //nolint:gosec // a token
		if logits, err = o.decoder.Step([]int32{best}); err != nil {
			return took{}, err
		}
	}
	t.decode = time.Since(began) - t.prefill
	return t, nil
}

// Close gives up the memory of the model.
func (o *ours) Close() error {
	var err error
	if o.session != nil {
		err = o.session.Close()
	}
	if o.file != nil {
		err = errors.Join(err, o.file.Close())
	}
	return errors.Join(err, o.device.Close())
}
