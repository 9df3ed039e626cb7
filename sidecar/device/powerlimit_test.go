package device

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// limited returns a card with power limits in watts.
func limited(source string, least, usual, most, now int64) *Card {
	c := &Card{GPU: GPU{UUID: "GPU-1"}, Source: source, State: NoState("not reported")}
	c.State.PowerCap = Measured(now * 1000)
	c.State.PowerLimits = PowerLimits{Least: Measured(least * 1000), Default: Measured(usual * 1000), Most: Measured(most * 1000)}
	return c
}

func TestALowerPowerLimitIsAdvisedOnlyWhereTheDriverAcceptsItAndItIsWorthIt(t *testing.T) {
	for name, c := range map[string]struct {
		card  *Card
		watts int64
	}{
		"three quarters":          {limited("nvml", 100, 450, 600, 450), 335},
		"not below the least":     {limited("nvml", 172, 220, 240, 220), 175},
		"a least between steps":   {limited("nvml", 171, 220, 240, 220), 175},
		"lowered already":         {limited("nvml", 100, 450, 600, 340), 0},
		"raised by the owner":     {limited("nvml", 100, 450, 600, 600), 0},
		"enforced by the machine": {limited("nvml", 100, 450, 600, 448), 0},
		"nothing to gain":         {limited("nvml", 200, 215, 220, 215), 0},
		"nothing to change":       {limited("nvml", 70, 70, 70, 70), 0},
		"tiny":                    {limited("nvml", 1, 4, 4, 4), 0},
		"no way to set it":        {limited("i915", 50, 190, 190, 190), 0},
	} {
		advice, given := c.card.PowerAdvice()
		require.Equal(t, c.watts > 0, given, name)
		require.EqualValues(t, c.watts*1000, advice.Limit, name)
	}
	for _, hide := range []func(*Card){
		func(c *Card) { c.State.PowerCap = NotMeasured("x") },
		func(c *Card) { c.State.PowerLimits.Default = NotMeasured("x") },
		func(c *Card) { c.State.PowerLimits.Least = NotMeasured("x") },
	} {
		c := limited("nvml", 100, 450, 600, 450)
		hide(c)
		_, given := c.PowerAdvice()
		require.False(t, given)
	}
	advice, _ := limited("nvml", 100, 450, 600, 450).PowerAdvice()
	require.Equal(t, "the limit is the default of 450 W; at 335 W a card usually keeps most of its speed and uses less electricity: sudo nvidia-smi -i GPU-1 -pl 335", advice.String())
}

func TestTheLimitsOfACardOfAMDAreReadFromItsFiles(t *testing.T) {
	c := cardsOf(t, "amdgpu")[0]
	limits := c.State.PowerLimits
	require.EqualValues(t, 303_000, measured(t, limits.Default))
	require.EqualValues(t, 212_000, measured(t, limits.Least))
	require.EqualValues(t, 348_000, measured(t, limits.Most))
	advice, given := c.PowerAdvice()
	require.True(t, given)
	require.EqualValues(t, 225_000, advice.Limit)
	require.Equal(t, "echo 225000000 | sudo tee "+filepath.FromSlash("testdata/sysfs/amdgpu/sys/class/drm/card1/device/hwmon/hwmon4/power1_cap"), advice.Command)

	xe := cardsOf(t, "xe")[0]
	_, given = xe.PowerAdvice()
	require.False(t, given, "the driver does not say between which limits one can choose")
}
