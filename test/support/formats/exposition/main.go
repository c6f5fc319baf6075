// Reads the Prometheus text format on standard input with the parser and the rules that `promtool check metrics` uses,
// and writes what it found as JSON.
package main

import (
	"bytes"
	"encoding/json"
	"io"
	"log"
	"os"
	"sort"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

type series struct {
	Labels map[string]string `json:"labels"`
	// Of a counter or gauge its value, of a histogram the number of observations.
	Value float64 `json:"value"`
	Sum   float64 `json:"sum"`
}

type family struct {
	Name   string   `json:"name"`
	Type   string   `json:"type"`
	Series []series `json:"series"`
}

type result struct {
	Families []family `json:"families"`
	Problems []string `json:"problems"`
}

func main() {
	text, err := io.ReadAll(os.Stdin)
	if err != nil {
		log.Fatal(err)
	}
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader(text))
	if err != nil {
		log.Fatal(err)
	}
	problems, err := promlint.New(bytes.NewReader(text)).Lint()
	if err != nil {
		log.Fatal(err)
	}
	found := result{Families: []family{}, Problems: []string{}}
	for _, problem := range problems {
		found.Problems = append(found.Problems, problem.Metric+": "+problem.Text)
	}
	for _, parsed := range families {
		found.Families = append(found.Families, describe(parsed))
	}
	sort.Slice(found.Families, func(i, j int) bool { return found.Families[i].Name < found.Families[j].Name })
	if err := json.NewEncoder(os.Stdout).Encode(found); err != nil {
		log.Fatal(err)
	}
}

func describe(parsed *dto.MetricFamily) family {
	described := family{Name: parsed.GetName(), Type: parsed.GetType().String(), Series: []series{}}
	for _, metric := range parsed.GetMetric() {
		one := series{Labels: map[string]string{}}
		for _, pair := range metric.GetLabel() {
			one.Labels[pair.GetName()] = pair.GetValue()
		}
		switch parsed.GetType() {
		case dto.MetricType_COUNTER:
			one.Value = metric.GetCounter().GetValue()
		case dto.MetricType_GAUGE:
			one.Value = metric.GetGauge().GetValue()
		case dto.MetricType_HISTOGRAM:
			one.Value = float64(metric.GetHistogram().GetSampleCount())
			one.Sum = metric.GetHistogram().GetSampleSum()
		}
		described.Series = append(described.Series, one)
	}
	return described
}
