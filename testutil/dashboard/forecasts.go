package dashboard

import (
	"encoding/json"
	"os"
	"path/filepath"

	"github.com/thetaedge/theta/sidecar/forecast"
)

// Forecasts returns the book of a node that has earned a tfuel in each hour of four weeks.
func Forecasts(home string) (*forecast.Book, error) {
	const first, weeks = 490_000, 4
	var hours []forecast.Hour
	for i := range int64(weeks * 7 * 24) {
		hours = append(hours, forecast.Hour{At: first + i, Market: 10, Share: 0.1, Online: 1, Earned: 1})
	}
	issued := forecast.Issued{
		At: first + 7*24, Forecast: forecast.Forecast{Kind: forecast.Known, Low: 120, Median: 170, High: 250}, Ended: true, Earned: 168,
	}
	raw, err := json.Marshal(map[string]any{"chain": "a", "class": "cpu-small", "hours": hours, "issued": []forecast.Issued{issued}})
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(home, forecast.File), raw, 0o600); err != nil {
		return nil, err
	}
	return forecast.OpenBook(home)
}
