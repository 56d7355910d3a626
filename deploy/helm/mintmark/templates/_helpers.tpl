{{/* The name of everything: the release's, with the chart's in it. */}}
{{- define "mintmark.name" -}}
{{- if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "mintmark.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "mintmark.labels" -}}
{{ include "mintmark.selector" . }}
app.kubernetes.io/version: {{ .Values.image.tag | splitList "@" | first | trunc 63 | trimAll "-_." | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{/* A value of TOML. Helm reads whole numbers as floating ones; a text in JSON is one in TOML too. */}}
{{- define "mintmark.toml" -}}
{{- if kindIs "float64" . -}}{{ int64 . }}{{- else -}}{{ toJson . }}{{- end -}}
{{- end -}}

{{/* mintmark.toml */}}
{{- define "mintmark.configuration" -}}
{{- $database := .Values.database -}}
{{- $place := printf "%s@%s:%d/%s" $database.user $database.host (int64 $database.port) $database.name -}}
{{- $url := printf "postgres://%s?sslmode=%s" $place $database.sslmode -}}
{{- if $database.ca.configMap -}}
{{- $url = printf "%s&sslrootcert=/etc/mintmark/database-ca.pem" $url -}}
{{- end -}}
{{- $settings := deepCopy (.Values.settings | default dict) -}}
{{- $_ := set $settings "limits" (merge (dict "shutdown_grace" .Values.shutdown.graceSeconds) ($settings.limits | default dict)) -}}
{{- $_ := set $settings "outage" (merge (dict "snapshot" "/var/lib/mintmark/snapshot") ($settings.outage | default dict)) -}}
# Made by the Helm chart. The root keys come by the environment variable MINTMARK_ROOT_KEYS.
{{- range $name, $environment := .Values.environments }}

[environments.{{ $name }}]
listen = "{{ $.Values.listenAddress }}:{{ int64 $environment.port }}"
{{- with $environment.hosts }}
hosts = {{ toJson . }}
{{- end }}
{{- end }}
{{- if .Values.metrics.enabled }}

[metrics]
listen = "{{ .Values.listenAddress }}:{{ int64 .Values.metrics.port }}"
{{- if .Values.metrics.tokenKey }}
token_file = "/run/private/metrics-token"
{{- else }}
# The network policy says who can connect.
anonymous = true
{{- end }}
{{- end }}

[store]
url = "{{ $url }}"
password_file = "/run/secrets/mintmark/database-password"
{{- range $section, $entries := $settings }}
{{- with $entries }}

[{{ $section }}]
{{- range $key, $value := . }}
{{ $key }} = {{ include "mintmark.toml" $value }}
{{- end }}
{{- end }}
{{- end }}
{{ end -}}

{{/* The port of the collector for traces; nothing where there is none. */}}
{{- define "mintmark.collectorPort" -}}
{{- $tracing := (.Values.settings | default dict).tracing | default dict -}}
{{- with $tracing.endpoint -}}
{{- $url := urlParse . -}}
{{- if regexMatch ":[0-9]+$" $url.host -}}{{ regexFind "[0-9]+$" $url.host }}
{{- else if eq $url.scheme "https" -}}443
{{- else -}}80
{{- end -}}
{{- end -}}
{{- end -}}

{{/* What a probe asks: each environment's listener answers for the whole node. Where hosts are configured, it wants one of them. */}}
{{- define "mintmark.probe" -}}
{{- $environment := get .root.Values.environments (keys .root.Values.environments | sortAlpha | first) -}}
httpGet:
  path: {{ .path }}
  port: {{ int64 $environment.port }}
  {{- with $environment.hosts }}
  httpHeaders:
    - name: Host
      value: {{ first . | quote }}
  {{- end }}
{{- end -}}
