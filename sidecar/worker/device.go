package worker

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/backend"
	"github.com/thetaedge/theta/tensor/guard"
	"github.com/thetaedge/theta/tensor/remote"
)

// role says what a process does. The empty role runs programs.
type role string

const (
	// roleList lists the devices of the machine and ends.
	roleList role = "list"
	// roleDevice executes the operations of one worker process on a device.
	roleDevice role = "device"
)

// tensorSettings is what a process is told about the device of its tensors.
type tensorSettings struct {
	// Device is the device; nil if the profile has none, or if the devices are to be listed.
	Device *backend.Device `json:"device,omitempty"`
	// Checked reports whether the device has given the published vectors to this daemon already.
	// Known is then the name under which it did.
	Checked bool   `json:"checked,omitempty"`
	Known   string `json:"known,omitempty"`
	// Limit is the time that a call of the device may take; 0 means that of package guard.
	Limit time.Duration `json:"limit,omitempty"`
}

// Opening says what a worker process opens an executor for.
type Opening struct {
	// Profile is the profile that the executor runs.
	Profile string
	// Cores is the number of processor cores that it may use.
	Cores int
	// KeepBytes bounds the weights that it keeps between tasks, as Config.KeepBytes says.
	KeepBytes uint64
	// Device is what executes tensors. It is zero if the profile has none.
	Device backend.Device
	// Remote connects to the process of the device. It is nil if the device is the processor.
	Remote func() (tensor.Device, error)
	// Known is the name of the device if it has given the published vectors already.
	Known string
	// Guard says how the device is compared with the reference.
	Guard guard.Config
}

// Open creates an executor for one task at a time.
type Open func(Opening) (executor.Executor, error)

// OpenDevice opens a device in its process. If the device has not been checked, it has to give the
// published vectors.
type OpenDevice func(d backend.Device, cores int, checked bool) (tensor.Device, error)

// openDevice opens the devices that our programs know.
func openDevice(d backend.Device, cores int, checked bool) (tensor.Device, error) {
	if checked {
		return d.Open(cores)
	}
	return d.Check(cores)
}

// opening returns what the executor of a worker process is opened for.
func (s settings) opening() Opening {
	o := Opening{Profile: s.Profile, Cores: s.Cores, KeepBytes: s.KeepBytes, Known: s.Tensors.Known, Guard: guard.Config{Limit: s.Tensors.Limit}}
	if s.Tensors.Device != nil {
		o.Device = *s.Tensors.Device
	}
	if len(s.Pipes) == 2 {
		o.Guard.Qualified = readQualified()
		o.Remote = connect(os.NewFile(s.Pipes[0], "from the device"), os.NewFile(s.Pipes[1], "to the device"))
	}
	return o
}

// errConnected means that the process of the device has served a connection already.
var errConnected = errors.New("the process of the device is not used again after it has failed")

// connect returns a function that connects to the process of a device, once.
func connect(in, out *os.File) func() (tensor.Device, error) {
	var once sync.Once
	return func() (tensor.Device, error) {
		err := errConnected
		var device tensor.Device
		once.Do(func() {
			var client *remote.Client
			client, err = remote.NewClient(in, out, func() error { return errors.Join(out.Close(), in.Close()) })
			device = client
		})
		if err != nil {
			return nil, err
		}
		return device, nil
	}
}

// serveDevice is the process of a device. It serves the worker process at the other end of its
// pipes, and ends with that process or with the daemon.
func serveDevice(s settings, reports *line, open OpenDevice) error {
	go func() {
		// The daemon sends nothing, and closes the pipe.
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	hello := report{Kind: kindHello, Version: protocol, Profile: s.Profile, Healthy: true, Layers: s.Layers}
	// last is sent by a process that has nothing to serve. The daemon then ends it.
	last := func(err error) error {
		if err != nil {
			hello.Healthy, hello.Detail = false, clip(err.Error(), maxDetail)
		}
		if err := reports.send(hello); err != nil {
			return err
		}
		for { // the runtime would end a process in which no goroutine can go on
			time.Sleep(time.Hour)
		}
	}
	if s.Role == roleList {
		found, err := backend.List()
		hello.Devices = found
		return last(err)
	}
	if s.Tensors.Device == nil || len(s.Pipes) != 2 {
		return errors.New("expected a device and its two pipes in the settings")
	}
	device, err := open(*s.Tensors.Device, s.Cores, s.Tensors.Checked)
	if err != nil {
		return last(err)
	}
	hello.Engine = clip(device.Name(), maxDetail)
	if err := reports.send(hello); err != nil {
		return err
	}
	in, out := os.NewFile(s.Pipes[0], "from the worker"), os.NewFile(s.Pipes[1], "to the worker")
	if err := remote.Serve(in, out, device); err != nil {
		return err
	}
	if err := device.Close(); err != nil {
		return fmt.Errorf("end the device: %w", err)
	}
	return nil
}
