package owner

import (
	"testing"
	"time"
	_ "time/tzdata" // a machine that builds may have no zones

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func zone(t require.TestingT, name string) *time.Location {
	location, err := time.LoadLocation(name)
	require.NoError(t, err)
	return location
}

func hoursOf(t require.TestingT, texts ...string) *hours {
	h, err := parseHours(texts)
	require.NoError(t, err)
	return h
}

func TestTheHoursOfAWeek(t *testing.T) {
	h := hoursOf(t, "mon-fri 20:00-08:00", "sat,sun")
	monday := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
	for at, open := range map[time.Duration]bool{
		0:                             false, // the night from Sunday is not one of mon-fri, and Sunday has ended
		19*time.Hour + 59*time.Minute: false,
		20 * time.Hour:                true,
		31*time.Hour + 59*time.Minute: true,
		32 * time.Hour:                false,
		4*24*time.Hour + 21*time.Hour: true,
		5 * 24 * time.Hour:            true,
		5*24*time.Hour + 12*time.Hour: true,
		6*24*time.Hour + 23*time.Hour: true,
	} {
		require.Equal(t, open, h.at(monday.Add(at)), monday.Add(at))
	}
	require.Equal(t, 48*time.Hour+4*time.Hour, h.longest(), "from Friday evening to Monday")
	require.Equal(t, monday.Add(20*time.Hour), h.change(monday, 8*24*time.Hour))
	require.Zero(t, h.change(monday, 19*time.Hour))
	require.Zero(t, hoursOf(t, "sun-sat").change(monday, 8*24*time.Hour), "they never close")
	require.True(t, hoursOf(t, "fri-mon 10:00-24:00").at(monday.Add(23*time.Hour)))
	require.True(t, hoursOf(t, "sat sun 23:00-01:00").at(monday.Add(30*time.Minute)), "days may be separated by spaces, and a night belongs to the day on which it begins")
}

func TestHoursThatCannotBeReadAreRefused(t *testing.T) {
	for text, says := range map[string]string{
		"":                "names no time",
		"08:00-08:00":     "leaves no time",
		"mon 24:00-08:00": "before 24:00",
		"mon 8-9":         "found \"8\"",
		"mon 08:60-09:00": "00:00 to 24:00",
		"mon 08:00-25:00": "00:00 to 24:00",
		"moon":            "found \"moon\"",
		"mon-":            "found \"\"",
		"20:00-08:00 mon": "expected one of mon",
		"mon 020:00-8:00": "such as 20:00-08:00",
	} {
		_, err := parseHours([]string{text})
		require.ErrorContains(t, err, says, text)
	}
}

// TestSummerTimeNeitherAddsNorHidesHours: an hour that does not exist is left out, and one that
// comes twice counts twice.
func TestSummerTimeNeitherAddsNorHidesHours(t *testing.T) {
	berlin := zone(t, "Europe/Berlin")
	h := hoursOf(t, "sun 02:00-03:00")
	for begins, open := range map[time.Time]time.Duration{
		time.Date(2026, 3, 29, 0, 0, 0, 0, berlin):  0, // 02:00 to 03:00 does not exist
		time.Date(2026, 10, 25, 0, 0, 0, 0, berlin): 2 * time.Hour,
		time.Date(2026, 6, 7, 0, 0, 0, 0, berlin):   time.Hour,
	} {
		var found time.Duration
		for at := begins; at.Before(begins.Add(12 * time.Hour)); at = at.Add(time.Minute) {
			if h.at(at) {
				found += time.Minute
			}
		}
		require.Equal(t, open, found, begins)
	}
	night := hoursOf(t, "22:00-06:00")
	require.Equal(t, time.Date(2026, 3, 29, 6, 0, 0, 0, berlin), night.change(time.Date(2026, 3, 28, 23, 0, 0, 0, berlin), 24*time.Hour))
	require.Equal(t, time.Date(2026, 10, 25, 6, 0, 0, 0, berlin), night.change(time.Date(2026, 10, 24, 23, 0, 0, 0, berlin), 24*time.Hour))
}

// TestTheNextChangeIsTheFirstMinuteThatDiffers in any zone, also across changes of summer time.
func TestTheNextChangeIsTheFirstMinuteThatDiffers(t *testing.T) {
	zones := []*time.Location{time.UTC, zone(t, "Europe/Berlin"), zone(t, "America/New_York"), zone(t, "Australia/Lord_Howe")}
	days := []string{"", "mon-fri ", "sat ", "sun,wed ", "fri-mon "}
	spans := []string{"20:00-08:00", "00:00-24:00", "01:30-02:30", "02:00-03:00", "23:59-00:01", "09:15-17:45"}
	rapid.Check(t, func(t *rapid.T) {
		h := hoursOf(t, rapid.SampledFrom(days).Draw(t, "days")+rapid.SampledFrom(spans).Draw(t, "span"),
			rapid.SampledFrom(days).Draw(t, "more days")+rapid.SampledFrom(spans).Draw(t, "more"))
		at := time.Unix(rapid.Int64Range(1_767_225_600, 1_798_761_600).Draw(t, "moment"), 0).In(rapid.SampledFrom(zones).Draw(t, "zone"))
		const limit = 48 * time.Hour
		next, want := h.change(at, limit), time.Time{}
		for minute := at.Truncate(time.Minute).Add(time.Minute); !minute.After(at.Add(limit)); minute = minute.Add(time.Minute) {
			if h.at(minute) != h.at(at) {
				want = minute
				break
			}
		}
		require.Equal(t, want, next)
	})
}
