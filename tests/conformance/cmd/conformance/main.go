// Command conformance compares back ends of the profile tensor/1 with its reference, prints a table and
// writes a report. It fails if one of them gives other bits.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/thetaedge/theta/tensor/cuda/emulator"
	"github.com/thetaedge/theta/tensor/remote"
	"github.com/thetaedge/theta/tests/conformance"
)

// process marks the process of a device.
const process = "THETA_CONFORMANCE_PROCESS=1"

func main() {
	if name, value, _ := strings.Cut(process, "="); os.Getenv(name) == value {
		os.Exit(remote.Main(func(in, out *os.File) error { return conformance.Serve(os.Args[1:], in, out) }))
	}
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "conformance:", err)
		os.Exit(1)
	}
}

func run() error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	o := conformance.Options{Stopped: func() bool { return ctx.Err() != nil }, Progress: func(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }}
	flag.StringVar(&o.Root, "root", ".", "folder of the repository")
	flag.Uint64Var(&o.Seed, "seed", 1, "number that the operations depend on")
	flag.IntVar(&o.Operations, "operations", 100_000, "random operations")
	flag.IntVar(&o.Wide, "wide", 10_000, "random operations with more rows and columns")
	flag.IntVar(&o.Prompts, "prompts", 200, "prompts that the decoder answers")
	out := flag.String("out", filepath.Join("build", "conformance.json"), "file of the report")
	only := flag.String("only", "", "back ends to compare, separated by semicolons (default: all)")
	require := flag.String("require", "", "back ends that have to be there, separated by semicolons")
	var drivers []conformance.Driver
	emulated := flag.Bool("emulated", false, "compare tensor/cuda on an emulated card too")
	flag.Func("driver", "driver of Vulkan as NAME=FILE.json, or NAME=FILE.json@ROOT for one in another system, or of CUDA as NAME=libcuda.so.1; may be repeated (default: those of the machine)", func(text string) error {
		d, err := conformance.ParseDriver(text)
		drivers = append(drivers, d)
		return err
	})
	flag.Parse()
	if len(drivers) == 0 {
		drivers = []conformance.Driver{{Name: "vulkan"}, {Name: "cuda", CUDA: true}}
	}
	if *emulated {
		folder, err := emulator.Folder()
		if err != nil {
			return err
		}
		drivers = append(drivers, conformance.Driver{Name: "emulated card", CUDA: true, File: filepath.Join(folder, "libcuda.so.1")})
	}
	backends := conformance.Own()
	for _, d := range drivers {
		command, err := command(d.Root)
		if err != nil {
			return err
		}
		found, err := d.Devices(command)
		if err != nil {
			return err
		}
		backends = append(backends, found...)
	}
	if *only != "" {
		wanted := strings.Split(*only, ";")
		backends = slices.DeleteFunc(backends, func(b conformance.Backend) bool { return !slices.Contains(wanted, b.Name) })
		if len(backends) == 0 {
			return fmt.Errorf("expected one of the back ends in -only, found none of %q", wanted)
		}
	}
	work, err := conformance.New(o)
	if err != nil {
		return err
	}
	report := work.Compare(backends)
	fmt.Println(report)
	required := strings.Split(*require, ";")
	return errors.Join(report.Write(*out), report.Err(func(name string) bool { return slices.Contains(required, name) }))
}

// command returns how this program is started for a device, in another system if root names one.
func command(root string) (conformance.Command, error) {
	c := conformance.Command{Env: []string{process}}
	own, err := os.Executable()
	if err != nil {
		return c, err
	}
	c.Words = []string{own}
	if root == "" {
		return c, nil
	}
	content, err := os.ReadFile(own)
	if err != nil {
		return c, err
	}
	const there = "/tmp/theta-conformance"
	if err := os.WriteFile(filepath.Join(root, there), content, 0o700); err != nil { //nolint:gosec // a program
		return c, fmt.Errorf("copy this program into %s: %w", root, err)
	}
	c.Words = []string{"chroot", root, there}
	return c, nil
}
