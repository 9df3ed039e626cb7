package cmd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/spf13/cobra"

	sidecarv1 "github.com/thetaedge/theta/sidecar/api/v1"
	"github.com/thetaedge/theta/sidecar/device"
	"github.com/thetaedge/theta/tensor/backend"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

// hardwareFormat is the version of the JSON. Fields may be added to a version; a field that changes
// its meaning or goes needs another one.
const hardwareFormat = 1

// powerTime is the time over which the power of devices is measured.
const powerTime = time.Second

// hardwareReport is all that is known about the devices of a machine.
type hardwareReport struct {
	Format  int            `json:"format"`
	Version string         `json:"version"`
	Machine device.Machine `json:"machine"`
	// Class is the most demanding default class for which the machine qualifies; empty if none.
	Class string `json:"class"`
	// Cards are those that a driver reports with their state.
	Cards []device.CardHealth `json:"cards"`
	// CUDA and Vulkan are the devices that these list, and Energy the energy counters.
	CUDA   []backend.Device `json:"cuda"`
	Vulkan []backend.Device `json:"vulkan"`
	Energy []counterReport  `json:"energy"`
	// Missing are sentences about what could not be found out.
	Missing []string `json:"missing"`
	// Node says whether a daemon of the home has added what it knows.
	Node bool `json:"node"`
}

// counterReport is an energy counter.
type counterReport struct {
	device.CounterState

	// Power is the power of the device while the command ran.
	Power device.Reading `json:"power_milliwatts"`
}

func hardwareCommand() *cobra.Command {
	var asJSON bool
	command := &cobra.Command{
		Use:   "hardware",
		Short: "Show the devices of this machine, their state and health, and what cannot be measured",
		Long: `hardware shows the processor and the graphics cards with all that their drivers report, what
CUDA and Vulkan list, and the energy counters. For each value that cannot be measured it says why. It needs
neither a home nor a chain. If a node of the home runs, the command adds what the node has seen since
it was started: fatal errors of cards, and the idle draw of devices.`,
		Example: "thetaedge hardware --json",
		Args:    cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			found := surveyHardware(command.Context())
			found.ask(command)
			if !asJSON {
				return found.print(command.OutOrStdout())
			}
			encoder := json.NewEncoder(command.OutOrStdout())
			encoder.SetIndent("", "  ")
			return encoder.Encode(found)
		},
	}
	command.Flags().BoolVar(&asJSON, "json", false, "print JSON, as docs/operators/hardware.md describes it")
	return command
}

// surveyHardware finds out about the machine without a daemon.
func surveyHardware(ctx context.Context) *hardwareReport {
	listed, err := listDevices(ctx)
	r := &hardwareReport{
		Format: hardwareFormat, Version: buildVersion(), Machine: withCards(detect(), listed, err),
		CUDA: []backend.Device{}, Vulkan: []backend.Device{}, Energy: []counterReport{},
	}
	for _, d := range listed {
		if d.Backend == backend.CUDA {
			r.CUDA = append(r.CUDA, d)
		} else {
			r.Vulkan = append(r.Vulkan, d)
		}
	}
	if class, err := bestClass(hardwareOf(r.Machine), edgenodetypes.DefaultParams().Classes); err == nil {
		r.Class = class
	}
	c := newCards(nil)
	c.watch.Look(ctx)
	r.Cards = c.Cards()
	powers := c.powers(ctx, powerTime)
	for i, counter := range c.Counters() {
		counter.Idle = device.NotMeasured("a running node measures it while no program of it runs")
		r.Energy = append(r.Energy, counterReport{counter, powers[i]})
	}
	r.Missing = append(append([]string{}, r.Machine.Missing...), c.watch.Missing()...)
	r.Machine.Missing = nil
	if c.noPackages != "" {
		r.Missing = append(r.Missing, "energy of the processor: "+c.noPackages)
	}
	if err := c.watch.Close(); err != nil {
		r.Missing = append(r.Missing, "graphics driver: "+err.Error())
	}
	return r
}

// ask adds what the daemon of the home knows. It has seen the cards for longer.
func (r *hardwareReport) ask(command *cobra.Command) {
	home, err := homeOf(command)
	if err != nil {
		return
	}
	if running, err := runningDaemon(home); err != nil || !running.alive() {
		return
	}
	err = withDaemon(command, func(ctx context.Context, client sidecarv1.SidecarServiceClient) error {
		status, err := client.Status(ctx, &sidecarv1.StatusRequest{})
		if err == nil {
			r.merge(status)
		}
		return err
	})
	if err != nil && !errors.Is(err, context.Canceled) {
		r.Missing = append(r.Missing, "the node: "+err.Error())
	}
}

// merge adds the health of cards and the idle draw of devices from the status of a daemon.
func (r *hardwareReport) merge(status *sidecarv1.StatusResponse) {
	r.Node = true
	for _, seen := range status.Cards {
		known := false
		for i := range r.Cards {
			if r.Cards[i].UUID != seen.Id {
				continue
			}
			known = true
			if !seen.Healthy {
				r.Cards[i].Ailment = &device.Ailment{Why: seen.Ailment, Cure: seen.Cure}
			}
		}
		if !known {
			card := device.CardHealth{Card: device.Card{GPU: device.GPU{UUID: seen.Id, Model: seen.Model}, Source: seen.Source, State: device.NoState("the card is not here any more")}}
			card.Ailment = &device.Ailment{Why: seen.Ailment, Cure: seen.Cure}
			r.Cards = append(r.Cards, card)
		}
	}
	for _, seen := range status.EnergyCounters {
		for i := range r.Energy {
			if r.Energy[i].Code == seen.Code && r.Energy[i].Name == seen.Name && seen.IdleMilliwatts != nil {
				r.Energy[i].Idle, r.Energy[i].Runs = device.Measured(*seen.IdleMilliwatts), int(seen.Runs)
			}
		}
	}
}

// print shows the report to a person.
func (r *hardwareReport) print(out io.Writer) error {
	t := newHardwareTable(out)
	t.machine(r)
	for i := range r.Cards {
		t.card(&r.Cards[i])
	}
	for _, d := range slices.Concat(r.CUDA, r.Vulkan) {
		t.line(string(d.Backend), fmt.Sprintf("%s, %s, driver %s, %s (%s:%s)", oneLine(d.Name), d.Kind, oneLine(d.Driver), d.Interface(), d.Backend, d.UUID))
	}
	for i := range r.Energy {
		t.counter(&r.Energy[i])
	}
	if len(r.Energy) == 0 {
		t.line("energy", "not measured: this machine has no counter that can be read")
	}
	for _, text := range r.Missing {
		t.line("missing", oneLine(text))
	}
	return t.flush()
}
