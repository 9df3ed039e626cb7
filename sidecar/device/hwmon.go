package device

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// hwmon returns the folder in which the driver of the card shows its sensors, or "".
func (c drmCard) hwmon() string {
	entries, err := os.ReadDir(filepath.Join(c.device, "hwmon"))
	if err != nil {
		return ""
	}
	for _, entry := range entries {
		folder := filepath.Join(c.device, "hwmon", entry.Name())
		if name, err := readSmall(filepath.Join(folder, "name")); err == nil && name == c.driver {
			return folder
		}
	}
	return ""
}

// sensor returns the first sensor of a kind that has one of the labels, the preferred label first,
// or the first sensor of the kind: "temp2".
func sensor(folder, kind string, labels ...string) string {
	const most = 16
	for _, label := range labels {
		for n := 1; n <= most; n++ {
			name := fmt.Sprintf("%s%d", kind, n)
			if text, err := readSmall(filepath.Join(folder, name+"_label")); err == nil && text == label {
				return name
			}
		}
	}
	for n := 1; n <= most; n++ {
		name := fmt.Sprintf("%s%d", kind, n)
		if _, err := os.Stat(filepath.Join(folder, name+"_input")); err == nil {
			return name
		}
	}
	return kind + "1"
}

// power returns the power of the card in milliwatts: an average over some time if the driver has
// one, and otherwise the power of the moment.
func (c drmCard) power() Reading {
	folder := c.hwmon()
	if folder == "" {
		return NotMeasured("the driver does not show sensors of the card")
	}
	return fileReading(folder, "power1_average").orElse(fileReading(folder, "power1_input")).scaled(1, 1000)
}

// energy returns the counter of the card in microjoules. The driver xe has one for the card and one
// for its package; the first that exists counts.
func (c drmCard) energy() (uint64, error) {
	folder := c.hwmon()
	if folder == "" {
		return 0, fmt.Errorf("%w: the driver does not show sensors of the card; graphics in a processor are part of its counter (rapl)", ErrNotMeasured)
	}
	value, err := readCounter(filepath.Join(folder, sensor(folder, "energy", "card", "pkg")+"_input"))
	if err != nil {
		return 0, fmt.Errorf("%w: %w", ErrNotMeasured, err)
	}
	return value, nil
}

// sensors reads what the files of hwmon have in common. hottest are the labels of the temperature
// that limits the clock.
func (c drmCard) sensors(s *State, hottest ...string) {
	folder := c.hwmon()
	if folder == "" {
		return
	}
	temp := sensor(folder, "temp", hottest...)
	s.Temperature = fileReading(folder, temp+"_input")
	s.Slowdown = fileReading(folder, temp+"_crit")
	s.Power = c.power()
	s.Energy = readingOf(c.energy()).scaled(1, 1000)
	s.FanRPM = fileReading(folder, "fan1_input")
	s.FanPercent = chip(folder).fan("1")
}

// amdgpu reads the state of a card of AMD.
func (c drmCard) amdgpu() State {
	s := NoState("the driver does not report it")
	s.ProcessesMissing = "the driver amdgpu does not list processes in one place"
	c.sensors(&s, "junction", "edge")
	s.MemoryTotal, s.MemoryUsed = fileReading(c.device, "mem_info_vram_total"), fileReading(c.device, "mem_info_vram_used")
	s.Busy = fileReading(c.device, "gpu_busy_percent")
	if folder := c.hwmon(); folder != "" {
		s.PowerCap = fileReading(folder, "power1_cap").scaled(1, 1000)
		s.PowerLimits = PowerLimits{
			Least: fileReading(folder, "power1_cap_min").scaled(1, 1000), Default: fileReading(folder, "power1_cap_default").scaled(1, 1000),
			Most: fileReading(folder, "power1_cap_max").scaled(1, 1000), File: filepath.Join(folder, "power1_cap"),
		}
		s.Clock, s.MemoryClock = fileReading(folder, "freq1_input").scaled(1, 1_000_000), fileReading(folder, "freq2_input").scaled(1, 1_000_000)
	}
	s.Uncorrected, s.Corrected = c.ras()
	return s
}

// ras reads the counters of memory errors, which look like "ue: 0" and "ce: 0".
func (c drmCard) ras() (uncorrected, corrected Reading) {
	text, err := readSmall(filepath.Join(c.device, "ras/umc_err_count"))
	if err != nil {
		return NotMeasured(err.Error()), NotMeasured(err.Error())
	}
	missing := NotMeasured(fmt.Sprintf("expected lines with ue and ce in ras/umc_err_count, found %q", clipped(text)))
	uncorrected, corrected = missing, missing
	for _, line := range strings.Split(text, "\n") {
		key, value, _ := strings.Cut(line, ":")
		count, err := strconv.ParseUint(strings.TrimSpace(value), 10, 63)
		switch {
		case err != nil:
		case strings.TrimSpace(key) == "ue":
			uncorrected = readingOf(count, nil)
		case strings.TrimSpace(key) == "ce":
			corrected = readingOf(count, nil)
		}
	}
	return uncorrected, corrected
}

// intel reads the state of a card of Intel.
func (c drmCard) intel() State {
	s := NoState("the driver does not report it")
	s.ProcessesMissing = "the driver " + c.driver + " does not list processes in one place"
	if c.hwmon() == "" {
		missing := NotMeasured("the driver does not show sensors of the card; graphics in a processor are part of its counter (rapl)")
		s.Power, s.Energy, s.Temperature = missing, missing, missing
	}
	c.sensors(&s, "pkg")
	if folder := c.hwmon(); folder != "" {
		s.PowerCap = fileReading(folder, "power1_max").scaled(1, 1000)
	}
	if c.driver == "xe" {
		s.Clock = fileReading(c.device, "tile0/gt0/freq0/act_freq")
	} else {
		s.Clock = fileReading(c.folder, "gt/gt0/rps_act_freq_mhz").orElse(fileReading(c.folder, "gt_act_freq_mhz"))
	}
	return s
}
